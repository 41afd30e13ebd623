import CCurl
import Glibc
import Synchronization

/// The one thread that touches libcurl. Other threads leave commands and wake it.
final class TransferThread: Sendable {
    /// Milliseconds the thread sleeps when nothing is due; commands wake it at once.
    static let pollMilliseconds: Int32 = 60_000

    enum Command {
        case start(Exchange)
        case cancel(Exchange)
        case resume(Exchange)
    }

    private struct State {
        var commands: [Command] = []
        /// `nil` once the thread has released it: a wake-up must not reach freed memory.
        var multi: MultiHandle?
        var isStopping = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init() throws(HTTPClientError) {
        guard curlIsReady, let multi = curl_multi_init() else {
            throw HTTPClientError(.failed, "libcurl could not be initialised.")
        }
        state = Mutex(State(multi: MultiHandle(multi)))
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let status = pthread_create(&thread, nil, transferThreadEntry, context.toOpaque())
        guard status == 0 else {
            context.release()
            curl_multi_cleanup(multi)
            throw HTTPClientError(.failed, "The transfer thread could not be started (errno \(status)).")
        }
        pthread_detach(thread)
    }

    func start(_ exchange: Exchange) throws(HTTPClientError) {
        guard post(.start(exchange)) else { throw HTTPClientError(.shutDown, "The HTTP client was shut down.") }
    }

    func cancel(_ exchange: Exchange) {
        exchange.end(CancellationError())
        _ = post(.cancel(exchange))
    }

    func resume(_ exchange: Exchange) { _ = post(.resume(exchange)) }

    func stop() {
        state.withLock { state in
            state.isStopping = true
            if let multi = state.multi { curl_multi_wakeup(multi.pointer) }
        }
    }

    func stopped() async {
        stop()
        await withCheckedContinuation { waiter in
            let isOver = state.withLock { state in
                if state.multi != nil { state.waiters.append(waiter) }
                return state.multi == nil
            }
            if isOver { waiter.resume() }
        }
    }

    private func post(_ command: Command) -> Bool {
        state.withLock { state in
            guard !state.isStopping, let multi = state.multi else { return false }
            state.commands.append(command)
            curl_multi_wakeup(multi.pointer)
            return true
        }
    }

    fileprivate func run() {
        // The pointer stays valid here: only this thread frees it, below.
        guard let multi = state.withLock({ $0.multi })?.pointer else { return }
        var transfers = TransferTable(multi: multi)
        while true {
            let (commands, isStopping) = state.withLock { state in
                defer { state.commands.removeAll() }
                return (state.commands, state.isStopping)
            }
            for command in commands { transfers.apply(command) }
            if isStopping { break }
            transfers.advance()
            curl_multi_poll(multi, nil, 0, transfers.pollMilliseconds(atMost: Self.pollMilliseconds), nil)
        }
        transfers.endAll(HTTPClientError(.shutDown, "The HTTP client was shut down."))
        let waiters = state.withLock { state in
            if let multi = state.multi { curl_multi_cleanup(multi.pointer) }
            state.multi = nil
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

/// A multi handle's address: only `curl_multi_wakeup` may use it off the transfer thread.
private struct MultiHandle: Sendable {
    private let address: UInt

    init(_ pointer: UnsafeMutableRawPointer) { address = UInt(bitPattern: pointer) }

    var pointer: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: address) }
}

/// libcurl's global state, set up once for the process (thread-safe since 7.84).
let curlIsReady = curl_global_init(Int(CURL_GLOBAL_SSL)) == CURLE_OK

private func transferThreadEntry(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<TransferThread>.fromOpaque(context).takeRetainedValue().run() }
    return nil
}
