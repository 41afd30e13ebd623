import Domain
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Postgres
import ServiceLifecycle
import Store

/// A run's events as Server-Sent Events (WHATWG HTML, 9.2): first what the client has missed, then what comes, until
/// the run has ended, the client has gone or the process shuts down. A client that is slow to read holds back its own
/// stream and nothing else: events are read from the store a batch at a time. Between them goes what running steps say of
/// themselves, as `step.progress`: the newest of each step, nothing of it again once the run has ended.
struct RunEventStream: Sendable {
    /// Events read at once.
    static let batch = 200
    /// How long a lost ring can delay an event.
    static let sweep = Duration.seconds(2)
    /// Silence after which a comment is sent, so that proxies keep the connection: below their usual 30 seconds.
    static let heartbeat = Duration.seconds(15)

    let services: Services
    let tenant: TenantID
    let run: RunID
    /// Number of the last event that the client has.
    let after: Int

    func body(of call: Call) -> ResponseBody {
        ResponseBody { writer in
            let (wakes, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
            guard let number = services.bell.join(run, continuation) else {
                // The head is out already: an empty stream tells the client to come back after its retry time.
                return try await writer.finish(nil)
            }
            let ticker = Task {
                while !Task.isCancelled {
                    try await Task.sleep(for: Self.sweep)
                    continuation.yield()
                }
            }
            defer {
                ticker.cancel()
                services.bell.leave(run, number)
                continuation.finish()
            }
            do {
                try await call.content.consumeWithCancellationOnInboundClose { _ in
                    try await follow(wakes, &writer)
                }
            } catch is CancellationError {
                // The client has gone.
            }
            try await writer.finish(nil)
        }
    }

    private func follow(_ wakes: AsyncStream<Void>, _ writer: inout any ResponseBodyWriter) async throws {
        var last = after
        var report = 0
        var spoken = ContinuousClock.now
        var waiting = wakes.makeAsyncIterator()
        // Also makes the head leave at once.
        try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
        while true {
            let news = try await news(after: last, report)
            if let news, !news.events.isEmpty || !news.progress.isEmpty {
                try await writer.write(Self.frames(news))
                last = news.events.last?.seq ?? last
                report = news.progress.last?.seq ?? report
                spoken = .now
            }
            if let news, max(news.events.count, news.progress.count) == Self.batch { continue }
            if news?.isFinished == true || Task.isShuttingDownGracefully { return }
            if ContinuousClock.now - spoken >= Self.heartbeat {
                try await writer.write(ByteBuffer(string: ": still here\n\n"))
                spoken = .now
            }
            guard await waiting.next() != nil else { return }
        }
    }

    /// `nil` while the store is away: the stream waits for it.
    private func news(after last: Int, _ report: Int) async throws -> EventNews? {
        do {
            return try await services.runDocuments.events(tenant, run, after: last, report: report, limit: Self.batch)
        } catch let error as PostgresError where error.isTransient {
            return nil
        }
    }

    /// Progress has no id, so that a client comes back with the number of the last event.
    private static func frames(_ news: EventNews) -> ByteBuffer {
        var buffer = ByteBuffer()
        for event in news.events {
            buffer.writeString("id: \(event.seq)\n")
            write(event, to: &buffer)
        }
        for report in news.progress { write(report, to: &buffer) }
        return buffer
    }

    private static func write(_ event: EventDocument, to buffer: inout ByteBuffer) {
        buffer.writeString("event: \(event.kind)\ndata: ")
        // A line break can only be white space between tokens here: JSON escapes those inside of strings.
        buffer.writeBytes(event.json.lazy.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 })
        buffer.writeString("\n\n")
    }
}
