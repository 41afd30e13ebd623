import Dispatch
import Glibc
import Synchronization
import ToolKit

/// Runs blocking mail exchanges on a thread of their own, while the calling task waits and answers its questions.
enum MailThread {
    /// Runs `body` on a new thread. Cancelling the task sets `port.isCancelled`; the call returns when `body` has.
    static func run<Value: Sendable>(
        marking mark: @Sendable (EffectPhase) async throws -> Void = { _ in },
        _ body: @escaping @Sendable (MailThreadPort) throws -> Value
    ) async throws -> Value {
        let port = MailThreadPort()
        let outcome = Outcome<Value>()
        try start {
            outcome.store(Result { try body(port) })
            port.end()
        }
        await withTaskCancellationHandler {
            while let phase = await port.nextQuestion() {
                do {
                    try await mark(phase)
                    port.answer(nil)
                } catch {
                    port.answer(error)
                }
            }
        } onCancel: {
            port.cancel()
        }
        guard let result = outcome.load() else {
            throw ToolFailure(.permanent, code: "mail_thread", "The mail exchange ended without a result.")
        }
        return try result.get()
    }

    private final class Outcome<Value: Sendable>: Sendable {
        private let result = Mutex<Result<Value, any Error>?>(nil)
        func store(_ value: Result<Value, any Error>) { result.withLock { $0 = value } }
        func load() -> Result<Value, any Error>? { result.withLock { $0 } }
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private static func start(_ body: @escaping @Sendable () -> Void) throws {
        let box = Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { raw in
                if let raw { Unmanaged<Body>.fromOpaque(raw).takeRetainedValue().run() }
                return nil
            }, box.toOpaque())
        guard status == 0 else {
            box.release()
            throw ToolFailure(.transient, code: "mail_thread", "A thread could not be started (\(status)).")
        }
        pthread_detach(thread)
    }
}

/// The two ends of a mail thread: it asks, the task answers.
final class MailThreadPort: Sendable {
    private enum Event: Sendable {
        case question(EffectPhase)
        case end
    }

    private struct State {
        var events: [Event] = []
        var waiter: CheckedContinuation<EffectPhase?, Never>?
        var refusal: (any Error)?
    }

    private let state = Mutex(State())
    private let cancelled = Atomic(false)
    private let answered = DispatchSemaphore(value: 0)

    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    fileprivate func cancel() { cancelled.store(true, ordering: .relaxed) }

    /// Blocks the thread until the task has marked `phase`; throws what marking threw.
    func mark(_ phase: EffectPhase) throws {
        post(.question(phase))
        answered.wait()
        if let refusal = state.withLock({ $0.refusal }) { throw refusal }
    }

    fileprivate func end() { post(.end) }

    fileprivate func answer(_ refusal: (any Error)?) {
        state.withLock { $0.refusal = refusal }
        answered.signal()
    }

    /// nil when the thread has ended.
    fileprivate func nextQuestion() async -> EffectPhase? {
        await withCheckedContinuation { continuation in
            let event: Event? = state.withLock { state in
                guard state.events.isEmpty else { return state.events.removeFirst() }
                state.waiter = continuation
                return nil
            }
            if let event { Self.resume(continuation, event) }
        }
    }

    private func post(_ event: Event) {
        let waiter = state.withLock { state in
            let waiter = state.waiter
            state.waiter = nil
            if waiter == nil { state.events.append(event) }
            return waiter
        }
        if let waiter { Self.resume(waiter, event) }
    }

    private static func resume(_ waiter: CheckedContinuation<EffectPhase?, Never>, _ event: Event) {
        switch event {
        case .question(let phase): waiter.resume(returning: phase)
        case .end: waiter.resume(returning: nil)
        }
    }
}
