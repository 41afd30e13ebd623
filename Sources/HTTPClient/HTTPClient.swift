/// HTTP over libcurl's multi interface on one thread of its own: nothing here blocks a thread of Swift's pool.
///
/// Connections are kept and reused. HTTP/1.1 only, no redirects, no cookies, no environment proxies, no signals
/// (ignore SIGPIPE in the process: OpenSSL writes with `write`). Errors are `HTTPClientError` or `CancellationError`.
package final class HTTPClient: Sendable {
    private let thread: TransferThread

    /// Starts the thread. Throws when libcurl or the thread cannot be had.
    package init() throws { thread = try TransferThread() }

    deinit { thread.stop() }

    /// Makes the exchange and gathers the body. Any status is a response, not an error.
    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let (head, body) = try await stream(request)
        var bytes: [UInt8] = []
        for try await chunk in body { bytes.append(contentsOf: chunk) }
        return HTTPResponse(head: head, body: bytes)
    }

    /// Returns once the head is there. The body holds at most `ExchangeState.maximumBufferedBytes`; a slow reader makes
    /// the far end wait. Dropping the body, or cancelling the reading task, closes the exchange.
    package func stream(_ request: HTTPRequest) async throws -> (head: HTTPHead, body: HTTPBody) {
        try request.validate()
        try Task.checkCancellation()
        let exchange = Exchange(request)
        let body = HTTPBody(exchange: exchange, thread: thread)
        try thread.start(exchange)
        let head = try await withTaskCancellationHandler {
            try await exchange.head()
        } onCancel: {
            thread.cancel(exchange)
        }
        return (head, body)
    }

    /// Fails what is in flight with `shut_down` and returns when the thread has released everything.
    package func shutdown() async { await thread.stopped() }
}

/// A response body, read once by one reader.
package struct HTTPBody: AsyncSequence, Sendable {
    package typealias Element = [UInt8]

    private let handle: Handle

    init(exchange: Exchange, thread: TransferThread) {
        handle = Handle(exchange: exchange, thread: thread)
    }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let handle: Handle

        package mutating func next() async throws -> [UInt8]? { try await handle.next() }
    }

    package func makeAsyncIterator() -> Iterator { Iterator(handle: handle) }

    /// Lives as long as someone may still read.
    fileprivate final class Handle: Sendable {
        private let exchange: Exchange
        private let thread: TransferThread

        init(exchange: Exchange, thread: TransferThread) {
            self.exchange = exchange
            self.thread = thread
        }

        deinit { if !exchange.isEnded { thread.cancel(exchange) } }

        func next() async throws -> [UInt8]? {
            try await withTaskCancellationHandler {
                try await exchange.nextBytes { thread.resume(exchange) }
            } onCancel: {
                thread.cancel(exchange)
            }
        }
    }
}
