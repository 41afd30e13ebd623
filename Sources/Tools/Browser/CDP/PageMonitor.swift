import FoundationEssentials
import Synchronization

/// Feeds a page's events to its `PageActivity`, answers dialogs, and wakes who waits for the page to settle.
final class PageMonitor: SessionObserver {
    private struct Waiter {
        var continuation: CheckedContinuation<Bool, any Error>
        var deadline: ContinuousClock.Instant
    }

    private struct State {
        var activity: PageActivity
        var waiter: Waiter?
        var loss: BrowserError?
        var streams: [Int: (methods: Set<String>, continuation: AsyncStream<PageEvent>.Continuation)] = [:]
        var lastStream = 0
    }

    private let state: Mutex<State>
    private let dismiss: @Sendable (_ accept: Bool) -> Void

    /// `dismiss` answers the dialog that stands, without blocking.
    init(mainFrame: String, dismiss: @escaping @Sendable (_ accept: Bool) -> Void) {
        state = Mutex(State(activity: PageActivity(mainFrame: mainFrame, at: .now)))
        self.dismiss = dismiss
    }

    var activity: PageActivity { state.withLock { $0.activity } }

    func begin() { state.withLock { $0.activity.begin(at: .now) } }

    /// True once settled, false at the deadline; throws when the page or the browser is gone. One waiter at a time.
    func settled(until deadline: ContinuousClock.Instant, nudge: @Sendable () -> Void) async throws -> Bool {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let loss = state.withLock { state -> (any Error)? in
                    if let loss = state.loss { return loss }
                    if state.waiter != nil {
                        return BrowserError(.protocolFault, "Another call already waits for this page.")
                    }
                    state.waiter = Waiter(continuation: continuation, deadline: deadline)
                    return nil
                }
                if let loss { continuation.resume(throwing: loss) }
                if Task.isCancelled { abandon() }
                nudge()
            }
        } onCancel: {
            abandon()
        }
    }

    func events(_ methods: Set<String>) -> AsyncStream<PageEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: PageEvent.self, bufferingPolicy: .bufferingNewest(BrowserLimit.bufferedEvents))
        let (number, isLost) = state.withLock { state in
            state.lastStream += 1
            state.streams[state.lastStream] = (methods, continuation)
            return (state.lastStream, state.loss != nil)
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { state in _ = state.streams.removeValue(forKey: number) }
        }
        if isLost { continuation.finish() }
        return stream
    }

    func receive(_ event: PageEvent, at now: ContinuousClock.Instant) {
        let listeners = state.withLock { state in
            state.streams.values.filter { $0.methods.contains(event.method) }.map(\.continuation)
        }
        for listener in listeners { listener.yield(event) }
        if event.method == "Page.javascriptDialogOpening" {
            // Leaving a page is allowed; every question is answered with no.
            dismiss(decode(Dialog.self, event)?.type == "beforeunload")
        }
        guard PageActivity.methods.contains(event.method), let parameters = decode(PageActivity.Parameters.self, event)
        else { return }
        state.withLock { $0.activity.handle(event.method, parameters, at: now) }
    }

    func tick(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let (ready, next) = state.withLock { state -> ((Waiter, Bool)?, ContinuousClock.Instant?) in
            guard let waiter = state.waiter else { return (nil, nil) }
            switch state.activity.verdict(at: now) {
            case .settled:
                state.waiter = nil
                return ((waiter, true), nil)
            case .busy(let until):
                if waiter.deadline <= now {
                    state.waiter = nil
                    return ((waiter, false), nil)
                }
                return (nil, min(until ?? waiter.deadline, waiter.deadline))
            }
        }
        if let (waiter, isSettled) = ready { waiter.continuation.resume(returning: isSettled) }
        return next
    }

    func lose(_ error: BrowserError) {
        let (waiter, streams) = state.withLock { state in
            state.loss = state.loss ?? error
            defer { state.waiter = nil }
            return (state.waiter, state.streams.values.map(\.continuation))
        }
        waiter?.continuation.resume(throwing: error)
        for stream in streams { stream.finish() }
    }

    private func abandon() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.continuation.resume(throwing: CancellationError())
    }

    /// An event of another shape is one that this module does not know; it changes nothing.
    private func decode<T: Decodable>(_ type: T.Type, _ event: PageEvent) -> T? {
        try? JSONDecoder().decode(type, from: Data(event.parameters))
    }

    private struct Dialog: Decodable { var type: String }
}
