import Synchronization

/// One exchange in flight, shared by the caller's task and the transfer thread.
final class Exchange: Sendable {
    let request: HTTPRequest
    private let state: Mutex<ExchangeState>

    init(_ request: HTTPRequest) {
        self.request = request
        state = Mutex(ExchangeState(maximumBytes: request.limits.responseBytes, now: .now))
    }

    var refusal: HTTPClientError? { state.withLock { $0.refusal } }
    var isEnded: Bool { state.withLock { $0.isEnded } }

    /// When the silence becomes an error; `nil` while there is no limit or the reader holds back.
    var idleDeadline: ContinuousClock.Instant? {
        guard let idle = request.limits.idle else { return nil }
        return state.withLock { $0.isPaused ? nil : $0.lastActivity + idle }
    }

    func receiveHeader(_ line: UnsafeBufferPointer<UInt8>) -> ExchangeState.Offer {
        state.withLock { $0.receiveHeader(line, now: .now) }
    }

    func receiveBody(_ bytes: UnsafeBufferPointer<UInt8>) -> ExchangeState.Offer {
        state.withLock { $0.receiveBody(bytes, now: .now) }
    }

    func end(_ error: (any Error)?) {
        for wake in state.withLock({ $0.end(error) }) { wake.deliver() }
    }

    func head() async throws -> HTTPHead {
        try await withCheckedThrowingContinuation { waiter in
            state.withLock { $0.awaitHead(waiter) }.deliver()
        }
    }

    /// The next bytes, or `nil` at the end. `resume` is called when the far end was held back and may go on.
    func nextBytes(resume: () -> Void) async throws -> [UInt8]? {
        try await withCheckedThrowingContinuation { waiter in
            let (wake, wasPaused) = state.withLock { $0.awaitBody(waiter, now: .now) }
            wake.deliver()
            if wasPaused { resume() }
        }
    }
}
