import FoundationEssentials
import Glibc
import Synchronization

/// Something that happened in a page, as Chromium tells it.
package struct PageEvent: Sendable, Hashable {
    /// As in the protocol: `Network.requestWillBeSent`.
    package let method: String
    /// JSON of the event's parameters.
    package let parameters: [UInt8]
}

/// Hears a session's events on the connection's thread; must not block.
protocol SessionObserver: AnyObject, Sendable {
    func receive(_ event: PageEvent, at now: ContinuousClock.Instant)
    /// Called after each round; answers when it wants to be called at the latest.
    func tick(at now: ContinuousClock.Instant) -> ContinuousClock.Instant?
    func lose(_ error: BrowserError)
}

/// The CDP wire: commands out, answers and events in, on one thread of its own that also keeps the deadlines.
final class Connection: Sendable {
    private struct Pending {
        var continuation: CheckedContinuation<[UInt8], any Error>
        var method: String
        var session: String?
        var deadline: ContinuousClock.Instant
    }

    private struct State {
        var lastID = 0
        var pending: [Int: Pending] = [:]
        var outbound: [UInt8] = []
        var observers: [String: any SessionObserver] = [:]
        /// Set once: why nothing goes over this wire any more.
        var ending: BrowserError?
        /// The descriptors are open; false once the thread has closed them.
        var isOpen = true
    }

    private let state = Mutex(State())
    private let writer: Int32
    private let reader: Int32
    private let wakeReader: Int32
    private let wakeWriter: Int32

    /// Takes over both descriptors (stream sockets).
    init(writer: Int32, reader: Int32) throws(BrowserError) {
        self.writer = writer
        self.reader = reader
        (wakeReader, wakeWriter) = try SocketPair.make()
        try PlatformThread.start { [self] in run() }
    }

    /// Sends a command and returns its result as JSON bytes.
    func call<P: Encodable & Sendable>(
        _ method: String, _ parameters: P, session: String? = nil, deadline: ContinuousClock.Instant? = nil
    ) async throws -> [UInt8] {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let frame = try Command(id: id, method: method, params: parameters, sessionId: session).frame()
        let deadline = deadline ?? .now + BrowserLimit.command
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let pending = Pending(
                    continuation: continuation, method: method, session: session, deadline: deadline)
                if let error = enqueue(frame, id: id, pending: pending) { continuation.resume(throwing: error) }
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
    }

    /// Sends a command and decodes its result.
    func call<P: Encodable & Sendable, R: Decodable>(
        _ method: String, _ parameters: P, as type: R.Type, session: String? = nil,
        deadline: ContinuousClock.Instant? = nil
    ) async throws -> R {
        let bytes = try await call(method, parameters, session: session, deadline: deadline)
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw BrowserError(.protocolFault, "The answer to '\(method)' does not fit: \(error)")
        }
    }

    /// Sends a command whose answer nobody needs; a closed wire swallows it.
    func post<P: Encodable & Sendable>(_ method: String, _ parameters: P, session: String?) {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        // Unencodable parameters would be an error of this module's own fixed types.
        guard let frame = try? Command(id: id, method: method, params: parameters, sessionId: session).frame() else {
            return
        }
        _ = enqueue(frame, id: id, pending: nil)
    }

    /// Hands the session's events to `observer` until `ignore`.
    func observe(_ session: String, with observer: any SessionObserver) {
        let ending = state.withLock { state in
            state.observers[session] = observer
            return state.ending
        }
        if let ending { observer.lose(ending) }
    }

    func ignore(_ session: String) {
        state.withLock { state in _ = state.observers.removeValue(forKey: session) }
    }

    /// Lets the thread look at the observers' clocks again.
    func nudge() {
        state.withLock { state in wake(state) }
    }

    /// Ends the wire: every call in flight, and every later one, fails with `error`. The first error stays.
    func end(_ error: BrowserError) {
        let (pending, observers) = state.withLock { state -> ([Pending], [any SessionObserver]) in
            if state.ending == nil { state.ending = error }
            defer {
                state.pending = [:]
                state.observers = [:]
                wake(state)
            }
            return (Array(state.pending.values), Array(state.observers.values))
        }
        for call in pending { call.continuation.resume(throwing: error) }
        for observer in observers { observer.lose(error) }
    }

    private func enqueue(_ frame: [UInt8], id: Int, pending: Pending?) -> BrowserError? {
        state.withLock { state in
            if let ending = state.ending { return ending }
            guard state.outbound.count + frame.count <= BrowserLimit.outboundBytes else {
                return BrowserError(.tooLarge, "Chromium does not read its commands; it seems to hang.")
            }
            state.outbound.append(contentsOf: frame)
            if let pending { state.pending[id] = pending }
            wake(state)
            return nil
        }
    }

    private func cancel(_ id: Int) {
        let pending = state.withLock { $0.pending.removeValue(forKey: id) }
        pending?.continuation.resume(throwing: CancellationError())
    }

    /// Under the lock, so that the descriptor cannot be closed meanwhile. A full pipe means that a wake is due anyway.
    private func wake(_ state: borrowing State) {
        guard state.isOpen else { return }
        var byte: UInt8 = 1
        _ = send(wakeWriter, &byte, 1, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
    }
}

// The thread.
extension Connection {
    private func run() {
        var splitter = MessageSplitter()
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        while state.withLock({ $0.ending }) == nil {
            let next = tick()
            guard waitForWork(until: next) else { continue }
            drainWakes()
            write()
            read(into: &buffer, &splitter)
        }
        state.withLock { state in
            state.isOpen = false
            for descriptor in [writer, reader, wakeReader, wakeWriter] { close(descriptor) }
        }
    }

    /// Expires calls and lets observers look at the clock; answers when to do so again.
    private func tick() -> ContinuousClock.Instant? {
        let now = ContinuousClock.now
        let (expired, observers) = state.withLock { state -> ([Pending], [any SessionObserver]) in
            let due = state.pending.filter { $0.value.deadline <= now }
            for id in due.keys { state.pending[id] = nil }
            return (Array(due.values), Array(state.observers.values))
        }
        for call in expired {
            call.continuation.resume(
                throwing: BrowserError(.timedOut, "Chromium did not answer '\(call.method)' in time."))
        }
        let wanted = observers.compactMap { $0.tick(at: now) }
        return state.withLock { state in (state.pending.values.map(\.deadline) + wanted).min() }
    }

    /// False where neither bytes nor a wake came in time.
    private func waitForWork(until instant: ContinuousClock.Instant?) -> Bool {
        let wantsToWrite = state.withLock { !$0.outbound.isEmpty }
        var descriptors = [
            pollfd(fd: reader, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wakeReader, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wantsToWrite ? writer : -1, events: Int16(POLLOUT), revents: 0),
        ]
        return poll(&descriptors, nfds_t(descriptors.count), Self.milliseconds(until: instant)) > 0
    }

    /// Rounded up, so that the deadline has passed on waking; at most a minute, which only costs a round.
    private static func milliseconds(until instant: ContinuousClock.Instant?) -> Int32 {
        guard let instant else { return -1 }
        let left = ContinuousClock.now.duration(to: instant)
        guard left > .zero else { return 0 }
        guard left < .seconds(60) else { return 60_000 }
        return Int32(left / .milliseconds(1)) + 1
    }

    private func drainWakes() {
        var bytes = [UInt8](repeating: 0, count: 256)
        while recv(wakeReader, &bytes, bytes.count, Int32(MSG_DONTWAIT)) == bytes.count {}
    }

    private func write() {
        let failed = state.withLock { state -> Bool in
            while !state.outbound.isEmpty {
                let count = send(
                    writer, state.outbound, state.outbound.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
                if count < 0 { return errno != EAGAIN && errno != EINTR }
                state.outbound.removeFirst(count)
            }
            return false
        }
        if failed { end(Self.lost) }
    }

    private func read(into buffer: inout [UInt8], _ splitter: inout MessageSplitter) {
        let count = recv(reader, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count < 0 {
            if errno != EAGAIN && errno != EINTR { end(Self.lost) }
            return
        }
        guard count > 0 else { return end(Self.lost) }
        guard let messages = splitter.push(buffer[..<count]) else {
            return end(BrowserError(.tooLarge, "Chromium sent a message above \(BrowserLimit.messageBytes) bytes."))
        }
        for message in messages { deliver(message) }
    }

    private static let lost = BrowserError(.exited, "Chromium ended unexpectedly.")

    private func deliver(_ bytes: [UInt8]) {
        guard let message = Message(parsing: bytes) else {
            return end(BrowserError(.protocolFault, "Chromium sent something that is no CDP message."))
        }
        if let id = message.id {
            let pending = state.withLock { $0.pending.removeValue(forKey: id) }
            if let pending { Self.answer(pending, with: message) }
        } else if let method = message.method {
            announce(method, message)
        }
    }

    private static func answer(_ pending: Pending, with message: Message) {
        guard let error = message.error else { return pending.continuation.resume(returning: message.result ?? []) }
        // An error object of another shape is still an error.
        let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(error))
        let reason = refusal?.message ?? "an error without words"
        pending.continuation.resume(
            throwing: BrowserError(.protocolFault, "Chromium refused '\(pending.method)': \(reason)"))
    }

    private func announce(_ method: String, _ message: Message) {
        let parameters = message.parameters ?? Array("{}".utf8)
        if method == "Target.detachedFromTarget" {
            // Parameters of another shape name no session of ours.
            let detached = try? JSONDecoder().decode(Detached.self, from: Data(parameters))
            if let session = detached?.sessionId {
                lose(session, BrowserError(.closed, "The page was closed."))
            }
        } else if let session = message.session {
            let observer = state.withLock { $0.observers[session] }
            observer?.receive(PageEvent(method: method, parameters: parameters), at: .now)
            if method == "Inspector.targetCrashed" {
                lose(
                    session,
                    BrowserError(.pageCrashed, "The page's process died, as it does when it runs out of memory."))
            }
        }
    }

    /// A session that is gone answers nothing any more.
    private func lose(_ session: String, _ error: BrowserError) {
        let (pending, observer) = state.withLock { state -> ([Pending], (any SessionObserver)?) in
            let lost = state.pending.filter { $0.value.session == session }
            for id in lost.keys { state.pending[id] = nil }
            return (Array(lost.values), state.observers.removeValue(forKey: session))
        }
        for call in pending { call.continuation.resume(throwing: error) }
        observer?.lose(error)
    }

    private struct Detached: Decodable { var sessionId: String }
}

/// Connected stream sockets, closed on exec. Sockets, since a write to a dead peer must not raise SIGPIPE.
enum SocketPair {
    static func make() throws(BrowserError) -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw BrowserError(.launchFailed, "No socket pair could be made: \(String(cString: strerror(errno))).")
        }
        return (ends[0], ends[1])
    }
}
