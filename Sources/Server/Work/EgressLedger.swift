import Domain
import Egress
import Logging
import Store

/// Writes every way out of a sandbox to the store, in order, away from the proxy's thread.
final class EgressLedger: Sendable {
    /// Records kept while the store is slow; beyond it the oldest are dropped, and the log says so by its gap.
    static let mostWaiting = 10_000

    private let feed: AsyncStream<(TenantID, PersonaID, EgressRecord)>.Continuation

    init(database: Database, logger: Logger) {
        let (stream, feed) = AsyncStream<(TenantID, PersonaID, EgressRecord)>.makeStream(
            bufferingPolicy: .bufferingNewest(Self.mostWaiting))
        self.feed = feed
        let log = EgressLog(database)
        // Ends with the ledger, which is the stream's only feed.
        Task {
            for await (tenant, persona, record) in stream {
                do {
                    try await log.append(tenant, EgressEntry(record, persona: persona))
                } catch {
                    logger.error("an egress record was not written", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    deinit { feed.finish() }

    func write(_ record: EgressRecord, _ tenant: TenantID, _ persona: PersonaID) {
        feed.yield((tenant, persona, record))
    }
}

extension EgressEntry {
    fileprivate init(_ record: EgressRecord, persona: PersonaID) {
        let (seconds, attoseconds) = record.duration.components
        self.init(
            persona: persona, host: record.host, address: record.address, port: Int(record.port),
            verdict: record.verdict.rawValue, reason: record.reason, bytesUp: record.bytesUp,
            bytesDown: record.bytesDown, milliseconds: Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000))
    }
}
