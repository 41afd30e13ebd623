import Domain
import FoundationEssentials
import Glibc
import Store
import TestKit
import Testing
import Vault

/// The README's lines, run as they stand.
@Suite(.timeLimit(.minutes(10))) struct CurlTests {
    @Test func readmesLinesStartARunAndFetchWhatItMade() async throws {
        try await Office.with { office in
            try await addOwner(to: office)
            let platform = try await office.start()
            let address = try await platform.address()
            let script = try lines()
            let outcome = try await TestProgram.run(
                [
                    "env", "-C", office.data, "API=\(address)/api", "PASSWORD=\(Correspondence.password)", "bash",
                    "-euo",
                    "pipefail", "-c", script,
                ])
            #expect(outcome.status == 0, "\(outcome.text)")
            #expect(outcome.text.contains("event: run.succeeded"))
            let deck = try Data(contentsOf: URL(filePath: "\(office.data)/hello.pptx"))
            #expect(deck.prefix(2) == Data("PK".utf8))
            #expect(await platform.stop() == 0)
        }
    }

    /// The README's owner, in this office's tenant.
    private func addOwner(to office: Office) async throws {
        _ = try await Users(office.database).create(
            office.tenant, id: .new(), email: "owner@demo.test", name: "Owner", role: "owner",
            passwordHash: try await PasswordHasher().hash(Secret(Correspondence.password)), actor: "system")
    }

    private func lines() throws -> String {
        let readme = try String(contentsOfFile: "\(Repository.root)/README.md", encoding: .utf8)
        let parts = readme.split(separator: "<!-- curl -->\n```sh\n", maxSplits: 1)
        let rest = try #require(parts.count == 2 ? parts[1] : nil)
        return String(try #require(rest.split(separator: "```\n<!-- /curl -->", maxSplits: 1).first))
    }
}

extension Platform {
    /// `http://host:port`, once it listens.
    func address() async throws -> String {
        try await says("Dashboard and API: ")
        let line = try #require(words.split(separator: "\n").last { $0.contains("Dashboard and API: ") })
        return String(try #require(line.split(separator: " ").last).dropLast())
    }
}
