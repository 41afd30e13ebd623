import Domain
import Failpoints
import Logging
import Store
import Synchronization

/// Rings for what has been committed. Jobs' rings are taken from the outbox, at once after a commit here and at each
/// sweep for whatever other processes left. Rings for new events go out without one: whoever follows a run reads on
/// from its last event, so that a lost ring costs its sweep's time.
struct RingRelay: Sendable {
    /// Runs with new events held for a slow doorbell.
    private static let mostEvents = 10_000

    private struct News {
        var events: [RunID: TenantID] = [:]
        var hasOutbox = false
    }

    private final class Board: Sendable {
        let news = Mutex(News())
    }

    let outbox: Outbox
    let doorbell: any Doorbell
    private let board = Board()
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init(outbox: Outbox, doorbell: any Doorbell) {
        self.outbox = outbox
        self.doorbell = doorbell
        // One pending wake covers any number of commits.
        (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// There may be something in the outbox.
    func wake() {
        board.news.withLock { $0.hasOutbox = true }
        continuation.yield()
    }

    /// A step has been committed.
    func committed(_ step: StepCommit) {
        let isFirst = board.news.withLock { news in
            let isFirst = news.events.isEmpty && !news.hasOutbox
            if news.events.count < Self.mostEvents { news.events[step.lease.run] = step.lease.tenant }
            if !step.orders.isEmpty { news.hasOutbox = true }
            return isFirst
        }
        if isFirst { continuation.yield() }
    }

    func run(_ logger: Logger) async {
        for await _ in stream {
            let news = board.news.withLock { news in
                defer { news = News() }
                return news
            }
            if !news.events.isEmpty { await doorbell.ring(news.events.map { .event($0.value, $0.key) }) }
            if news.hasOutbox { await empty(logger) }
        }
    }

    private func empty(_ logger: Logger) async {
        do {
            while true {
                let rings = try await outbox.take()
                if rings.isEmpty { break }
                Failpoint.hit(.outboxBeforeRing)
                await doorbell.ring(rings)
                Failpoint.hit(.outboxAfterRing)
                if rings.count < Outbox.batch { break }
            }
        } catch is CancellationError {
            return
        } catch {
            logger.warning("Doorbells could not be taken; the next sweep rings.", metadata: ["error": "\(error)"])
        }
    }
}
