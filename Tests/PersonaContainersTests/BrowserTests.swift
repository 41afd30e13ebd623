import Domain
import Testing

@Suite(.timeLimit(.minutes(10))) struct BrowserTests {
    @Test func chromiumRunsWithItsOwnSandboxOn() async throws {
        try await withHarness(.bubblewrap) { harness in
            let page = "data:text/html,<h1>from%20inside</h1>"
            let text = try await harness.shell("chromium --headless --disable-gpu --dump-dom '\(page)' 2>&1")
            #expect(text.contains("<h1>from inside</h1>"), "\(text)")
            #expect(!text.contains("--no-sandbox"))
        }
    }
}
