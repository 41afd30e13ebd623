package import Domain
import Postgres

/// One connection out of a sandbox, or one that was refused.
package struct EgressEntry: Sendable {
    let persona: PersonaID
    let host: String
    let address: String?
    let port: Int
    let verdict: String
    let reason: String?
    let bytesUp: Int
    let bytesDown: Int
    let milliseconds: Int

    package init(
        persona: PersonaID, host: String, address: String?, port: Int, verdict: String, reason: String?, bytesUp: Int,
        bytesDown: Int, milliseconds: Int
    ) {
        self.persona = persona
        self.host = host
        self.address = address
        self.port = port
        self.verdict = verdict
        self.reason = reason
        self.bytesUp = bytesUp
        self.bytesDown = bytesDown
        self.milliseconds = milliseconds
    }
}

package struct EgressLog: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    package func append(_ tenant: TenantID, _ entry: EgressEntry) async throws {
        _ = try await database.rows(
            tenant,
            """
            INSERT INTO egress_log (tenant_id, egress_id, persona_id, host, address, port, verdict, reason, bytes_up,
                bytes_down, duration_ms)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            [
                tenant.value, Identifier<EgressEntry>.new().value, entry.persona.value, .text(entry.host),
                .optional(entry.address) { .text($0) }, .int(entry.port), .text(entry.verdict),
                .optional(entry.reason) { .text($0) }, .int(entry.bytesUp), .int(entry.bytesDown),
                .int(min(entry.milliseconds, Int(Int32.max))),
            ])
    }
}
