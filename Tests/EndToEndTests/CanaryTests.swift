import Domain
import Embedded
import FoundationEssentials
import MIME
import PlatformKit
import Postgres
import Store
import TestKit
import Testing

extension ModelTests {
    /// At log level trace, after runs that ended well and badly, after errors of the API: no secret stands anywhere in
    /// clear, in hexadecimal or in base64. The exceptions are where a secret lives: the mail server's own list of users,
    /// and the master key's file.
    @Test(.timeLimit(.minutes(10))) func noSecretIsWrittenDownAnywhere() async throws {
        let (house, server) = try await provider([
            .failure(401, code: "invalid_api_key", message: "Bad key \(Canary.model)")
        ])
        let failed = try await ask(house)
        server.stop()
        let (_, good) = try await provider([.answer(Self.outline, model: "tiny-7b")])
        let answered = try await ask(house)
        good.stop()
        let client = try await PlatformClient.login(
            house.client.address, email: TenantSeed.owner, password: Canary.owner)
        let session = try #require(client.token)
        let said = try await talk(house, client, run: answered.run.id)
        let token = try #require(said.token)
        let master = Array(try Data(contentsOf: URL(filePath: "\(house.data)/master.key")))
        let secrets: [(name: String, bytes: [UInt8])] = [
            ("mailbox password", Array(Canary.mailbox.utf8)), ("model key", Array(Canary.model.utf8)),
            ("owner password", Array(Canary.owner.utf8)), ("session token", Array(session.utf8)),
            ("API token", Array(token.utf8)), ("master key", master),
        ]
        let files = try written(in: house.data, except: ["master.key"]) + mailFiles(house)
        #expect(files.contains { $0.path.hasSuffix("platform.log") })
        let mails = [failed.raw, answered.raw, Array(said.words.utf8)]
        for (name, bytes) in secrets {
            let forms = Canary.forms(bytes)
            for form in forms {
                #expect(!mails.contains { $0.contains(form) }, "the \(name) is in an answer")
                for file in files { #expect(!file.bytes.contains(form), "the \(name) is in \(file.path)") }
            }
            #expect(try await tables(holding: forms, house) == [], "the \(name)")
        }
    }

    /// What the API says of what has to do with secrets, errors included; the text that shows the API token once apart.
    private func talk(
        _ house: House, _ client: PlatformClient, run: RunID
    ) async throws -> (words: String, token: String?) {
        let made = try await client.post("/api/tokens", ["name": "canary", "scopes": []]).json()
        let token = made["secret"]?.string ?? made["token"]?.string
        let reader = PlatformClient(client.address, token: token)
        let mailboxes = "/api/personas/\(house.bea.persona)/mailboxes"
        var words = ""
        for path in [
            "/api/me", "/api/tokens", "/api/users", "/api/personas", "/api/personas/\(house.bea.persona)",
            mailboxes, "\(mailboxes)/\(house.bea.mailbox)", "\(mailboxes)/\(house.bea.mailbox)/mails",
            "/api/runs/\(run)", "/api/runs/\(run)/steps", "/api/runs/\(run)/checkpoints", "/api/runs/\(run)/events",
            "/api/audit?limit=200", "/api/status", "/metrics", "/api/nothing", "/api/runs/none",
        ] {
            words += try await reader.get(path).body
        }
        // Secrets where they do not belong: the answers must not repeat them.
        words += try await PlatformClient(client.address, token: client.token.map { "\($0)x" }).get("/api/me").body
        let wrong: JSONValue = ["email": "nobody@demo.test", "password": .string(Canary.owner)]
        words += try await client.post("/api/auth/login", wrong).body
        words += try await client.send("POST", "/api/auth/login", text: #"{"password":"\#(Canary.owner)"#).body
        words += try await client.post(mailboxes, ["password": .string(Canary.mailbox), "address": 7]).body
        return (words, token)
    }

    /// Tables in which some row holds one of the forms, in a column of whatever type.
    private func tables(holding forms: [[UInt8]], _ house: House) async throws -> [String] {
        let owner = try await PostgresConnection.connect(PostgresConfiguration(dsn: house.databaseURL))
        let names = try await owner.query(
            "SELECT format('%I', tablename) AS name FROM pg_tables WHERE schemaname = 'public'"
        ).map { try $0.text("name") }
        #expect(names.count > 10)
        var found: [String] = []
        // A row as text has its bytea columns in hexadecimal: a secret within text within bytea is found by that form.
        let hexadecimal = forms.map { form in form.map { String(UInt16($0) + 256, radix: 16).dropFirst() }.joined() }
        let plain = forms.compactMap { String(validating: $0, as: UTF8.self) }
        for name in names {
            for text in plain + hexadecimal where text.utf8.count > 3 {
                let rows = try await owner.query(
                    "SELECT 1 AS hit FROM \(name) t WHERE position($1 IN t::text) > 0 LIMIT 1", [.text(text)])
                if !rows.isEmpty { found.append(name) }
            }
        }
        await owner.close()
        return found
    }

    /// Everything that the platform has written below its data directory: logs, workspaces, blobs.
    private func written(in directory: String, except: Set<String> = []) throws -> [(path: String, bytes: [UInt8])] {
        try FileManager.default.subpathsOfDirectory(atPath: directory).compactMap { name in
            let path = "\(directory)/\(name)"
            guard !except.contains(name),
                try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType == .typeRegular
            else { return nil }
            return (path, Array(try Data(contentsOf: URL(filePath: path))))
        }
    }

    /// The mail server's logs, and the mail in the persona's folders, the copies of what it sent among it.
    private func mailFiles(_ house: House) throws -> [(path: String, bytes: [UInt8])] {
        let logs = URL(filePath: house.bea.account.server.submissionLog).deletingLastPathComponent().path()
        let folder = house.bea.account.server.maildir(house.bea.address)
        let mail = (try? written(in: folder)) ?? []  // there is no folder before the first mail
        return mail + (try written(in: logs)).filter { $0.path.hasSuffix("log") }
    }
}
