/// What is known of one exchange, without I/O: bytes and ends go in, what to do comes out.
struct ExchangeState {
    typealias HeadWaiter = CheckedContinuation<HTTPHead, any Error>
    typealias BodyWaiter = CheckedContinuation<[UInt8]?, any Error>

    /// Bytes held for a slow reader before the far end is made to wait; a few TCP windows.
    static let maximumBufferedBytes = 256 * 1024

    enum Wake {
        case none
        case head(HeadWaiter, Result<HTTPHead, any Error>)
        case body(BodyWaiter, Result<[UInt8]?, any Error>)

        func deliver() {
            switch self {
            case .none: break
            case .head(let waiter, let result): waiter.resume(with: result)
            case .body(let waiter, let result): waiter.resume(with: result)
            }
        }
    }

    enum Offer {
        case taken(Wake)
        case paused
        case refused
    }

    private(set) var isPaused = false
    private(set) var lastActivity: ContinuousClock.Instant
    /// Found in a callback, where it cannot be thrown; the transfer ends with it.
    private(set) var refusal: HTTPClientError?
    private(set) var isEnded = false

    private let maximumBytes: Int
    private var parser = ResponseHeadParser()
    private var head: HTTPHead?
    private var buffer: [UInt8] = []
    private var receivedBytes = 0
    private var failure: (any Error)?
    private var headWaiter: HeadWaiter?
    private var bodyWaiter: BodyWaiter?

    init(maximumBytes: Int, now: ContinuousClock.Instant) {
        self.maximumBytes = maximumBytes
        lastActivity = now
    }

    mutating func receiveHeader(_ line: UnsafeBufferPointer<UInt8>, now: ContinuousClock.Instant) -> Offer {
        lastActivity = now
        switch parser.receive(line) {
        case .more: return .taken(.none)
        case .complete(let head):
            self.head = head
            guard let waiter = headWaiter else { return .taken(.none) }
            headWaiter = nil
            return .taken(.head(waiter, .success(head)))
        case .tooLarge:
            refusal = HTTPClientError(
                .responseTooLarge, "The response's headers exceed \(ResponseHeadParser.maximumBytes) bytes.")
            return .refused
        case .cutShort:
            refusal = HTTPClientError(.cutShort, "The connection ended within the response's head.")
            return .refused
        case .malformed:
            refusal = HTTPClientError(.malformedResponse, "The response's head is not HTTP.")
            return .refused
        }
    }

    mutating func receiveBody(_ bytes: UnsafeBufferPointer<UInt8>, now: ContinuousClock.Instant) -> Offer {
        lastActivity = now
        guard bytes.count <= maximumBytes - receivedBytes else {
            refusal = HTTPClientError(.responseTooLarge, "The response's body exceeds \(maximumBytes) bytes.")
            return .refused
        }
        guard buffer.isEmpty || buffer.count + bytes.count <= Self.maximumBufferedBytes else {
            isPaused = true
            return .paused
        }
        receivedBytes += bytes.count
        if let waiter = bodyWaiter {
            bodyWaiter = nil
            return .taken(.body(waiter, .success(Array(bytes))))
        }
        buffer.append(contentsOf: bytes)
        return .taken(.none)
    }

    /// The exchange is over; later ends are ignored.
    mutating func end(_ error: (any Error)?) -> [Wake] {
        guard !isEnded else { return [] }
        isEnded = true
        // libcurl calls a connection that closes within the head a success.
        failure = error ?? (head == nil ? Self.noHead : nil)
        var wakes: [Wake] = []
        if let waiter = headWaiter {
            headWaiter = nil
            wakes.append(.head(waiter, headResult()))
        }
        if let waiter = bodyWaiter {
            bodyWaiter = nil
            wakes.append(.body(waiter, failure.map { .failure($0) } ?? .success(nil)))
        }
        return wakes
    }

    private func headResult() -> Result<HTTPHead, any Error> {
        if let head { return .success(head) }
        return .failure(failure ?? Self.noHead)
    }

    private static let noHead = HTTPClientError(.cutShort, "The connection ended before the response's head did.")

    mutating func awaitHead(_ waiter: HeadWaiter) -> Wake {
        if head != nil || isEnded { return .head(waiter, headResult()) }
        headWaiter = waiter
        return .none
    }

    /// Buffered bytes come out before an error does; a second concurrent reader is turned away.
    mutating func awaitBody(_ waiter: BodyWaiter, now: ContinuousClock.Instant) -> (wake: Wake, resume: Bool) {
        if !buffer.isEmpty {
            let bytes = buffer
            buffer = []
            let wasPaused = isPaused
            isPaused = false
            lastActivity = now
            return (.body(waiter, .success(bytes)), wasPaused)
        }
        if isEnded { return (.body(waiter, failure.map { .failure($0) } ?? .success(nil)), false) }
        guard bodyWaiter == nil else {
            return (.body(waiter, .failure(HTTPClientError(.failed, "The body has another reader."))), false)
        }
        bodyWaiter = waiter
        return (.none, false)
    }
}
