import Domain
import FoundationEssentials
import Postgres
import Store
import TestKit
import Testing

/// Secrets stay where they belong, whatever is logged, answered or stored.
@Suite(.timeLimit(.minutes(10))) struct CanaryTests {
    @Test func noSecretIsInLogsAnswersOrTables() async throws {
        try await Office.with { office in
            let platform = try await office.start(logLevel: "trace")
            _ = try await office.request()
            let run = try await office.settled()
            #expect(run.status == .succeeded)
            let address = try await platform.address()
            let session = try await login(address)
            var words = try await answers(address, session: session, office: office, run: run)
            #expect(await platform.stop() == 0)
            words += platform.words
            for secret in [Correspondence.password, session] {
                #expect(!words.contains(secret), "a secret is in a log or an answer")
                #expect(try await tables(holding: secret, office) == [])
            }
        }
    }

    private func login(_ address: String) async throws -> String {
        let body = #"{"email":"owner@example.test","password":"\#(Correspondence.password)"}"#
        let outcome = try await TestProgram.run(
            ["curl", "-fsS", "\(address)/api/auth/login", "-H", "Content-Type: application/json", "-d", body])
        let value = try JSONValue(parsing: outcome.text.utf8)
        return try #require(value["token"]?.string)
    }

    /// What the API says of everything that has to do with secrets, errors included.
    private func answers(_ address: String, session: String, office: Office, run: Run) async throws -> String {
        let paths = [
            "/api/me", "/api/tokens", "/api/personas", "/api/personas/\(office.persona)/mailboxes",
            "/api/personas/\(office.persona)/mailboxes/\(office.mailbox)", "/api/runs/\(run.id)",
            "/api/runs/\(run.id)/steps", "/api/runs/\(run.id)/checkpoints", "/api/runs/\(run.id)/events",
            "/api/audit?limit=200",
            "/api/status", "/metrics", "/api/none", "/api/runs/\(session)",
        ]
        var words = ""
        for path in paths where !path.hasSuffix(session) {
            words += try await TestProgram.run(
                ["curl", "-sS", "\(address)\(path)", "-H", "Authorization: Bearer \(session)"]
            ).text
        }
        return words
    }

    /// Columns of any table in which `secret` stands in clear.
    private func tables(holding secret: String, _ office: Office) async throws -> [String] {
        let owner = try await PostgresConnection.connect(PostgresConfiguration(dsn: office.databaseURL))
        let columns = try await owner.query(
            """
            SELECT format('%I.%I', table_schema, table_name) AS place, format('%I', column_name) AS name, data_type
            FROM information_schema.columns
            WHERE table_schema = 'public' AND data_type IN ('text', 'json', 'jsonb', 'bytea', 'ARRAY')
            """)
        var found: [String] = []
        for column in columns {
            let place = try column.text("place"), name = try column.text("name")
            let text = try column.text("data_type") == "bytea" ? "encode(\(name), 'escape')" : "\(name)::text"
            let rows = try await owner.query(
                "SELECT 1 FROM \(place) WHERE position($1 IN \(text)) > 0", [.text(secret)])
            if !rows.isEmpty { found.append("\(place).\(name)") }
        }
        await owner.close()
        return found
    }
}
