import FoundationEssentials
import PlatformKit
import TestKit
import Testing

/// The README's lines, run as they stand.
@Suite(.timeLimit(.minutes(10))) struct CurlTests {
    @Test func readmesLinesStartARunAndFetchWhatItMade() async throws {
        try await Office.with { office in
            let platform = try await office.start()
            let address = try await platform.address()
            let script = try lines()
            let outcome = try await TestProgram.run(
                [
                    "env", "-C", office.data, "API=\(address)/api", "PASSWORD=\(TenantSeed.ownerPassword)", "bash",
                    "-euo", "pipefail", "-c", script,
                ])
            #expect(outcome.status == 0, "\(outcome.text)")
            #expect(outcome.text.contains("event: run.succeeded"))
            let deck = try Data(contentsOf: URL(filePath: "\(office.data)/hello.pptx"))
            #expect(deck.prefix(2) == Data("PK".utf8))
            #expect(await platform.stop() == 0)
        }
    }

    private func lines() throws -> String {
        let readme = try String(contentsOfFile: "\(Repository.root)/README.md", encoding: .utf8)
        let parts = readme.split(separator: "<!-- curl -->\n```sh\n", maxSplits: 1)
        let rest = try #require(parts.count == 2 ? parts[1] : nil)
        return String(try #require(rest.split(separator: "```\n<!-- /curl -->", maxSplits: 1).first))
    }
}
