import CDP
import FoundationEssentials
import Glibc
import TestKit
import Testing

/// Chromium's own sandbox needs user namespaces, which root does not have here; the pages are our own.
private let options = LaunchOptions(withoutSandbox: getuid() == 0)

/// Runs `body` with a browser and a page of its own, and ends both.
private func withPage(
    _ scripts: [String: PageServer.Script], _ body: (PageServer, Browser, Page) async throws -> Void
) async throws {
    let server = try PageServer(scripts)
    let browser = try await Browser.launch(options)
    do {
        let page = try await browser.newContext().newPage()
        try await body(server, browser, page)
        await browser.close()
        server.stop()
    } catch {
        await browser.close()
        server.stop()
        throw error
    }
}

@Suite(.serialized, .timeLimit(.minutes(10))) struct BrowserTests {
    @Test func pageIsReadAfterItsScriptsRan() async throws {
        let source = """
            <!doctype html><title>Shell</title><main id=m></main>
            <script>fetch('/data').then(r => r.text()).then(t => { m.textContent = t; document.title = 'Ready' })</script>
            """
        let scripts: [String: PageServer.Script] = [
            "/": .answer(body: source), "/data": .answer(type: "text/plain", body: "from the network"),
        ]
        try await withPage(scripts) { server, _, page in
            let navigation = try await page.navigate(server.url("/"))
            #expect(navigation.outcome == .loaded)
            #expect(navigation.response?.status == 200)
            #expect(navigation.response?.mimeType == "text/html")
            #expect(try await page.html().contains("from the network"))
            #expect(try await page.evaluate("document.title", as: String.self) == "Ready")
        }
    }

    @Test func redirectsEndAtTheLastAddress() async throws {
        let scripts: [String: PageServer.Script] = [
            "/a": .redirect("/b"), "/b": .answer(body: "<script>location.href = '/c'</script>"),
            "/c": .answer(status: 203, body: "<p>end</p>"),
        ]
        try await withPage(scripts) { server, _, page in
            let navigation = try await page.navigate(server.url("/a"))
            #expect(navigation.url == server.url("/c"))
            #expect(navigation.response?.status == 203)
        }
    }

    @Test func endlessRedirectIsNamed() async throws {
        try await withPage(["/": .redirect("/")]) { server, _, page in
            let navigation = try await page.navigate(server.url("/"))
            #expect(navigation.outcome == .failed("net::ERR_TOO_MANY_REDIRECTS"))
        }
    }

    @Test func downloadIsDeniedAndItsTypeKnown() async throws {
        let scripts: [String: PageServer.Script] = ["/f": .answer(type: "application/zip", body: "PK")]
        try await withPage(scripts) { server, _, page in
            let navigation = try await page.navigate(server.url("/f"))
            #expect(navigation.outcome == .failed("net::ERR_ABORTED"))
            #expect(navigation.response?.mimeType == "application/zip")
        }
    }

    @Test func dialogsAreDismissed() async throws {
        let source =
            "<p id=p></p><script>p.textContent = String(confirm('sure?')) + prompt('who?'); alert('x')</script>"
        try await withPage(["/": .answer(body: source)]) { server, _, page in
            let navigation = try await page.navigate(server.url("/"))
            #expect(navigation.outcome == .loaded)
            #expect(try await page.evaluate("p.textContent", as: String.self) == "falsenull")
        }
    }

    @Test func silentServerMeetsTheDeadline() async throws {
        try await withPage(["/": .hang]) { server, _, page in
            let navigation = try await page.navigate(server.url("/"), deadline: .now + .milliseconds(300))
            #expect(navigation.outcome == .unfinished(hasDocument: false))
        }
    }

    @Test func pageThatNeverFinishesIsStillReadable() async throws {
        let body = "<!doctype html><title>Half</title><p>what came so far</p>"
        try await withPage(["/": .stall(body: body)]) { server, _, page in
            let navigation = try await page.navigate(server.url("/"), deadline: .now + .seconds(25))
            #expect(navigation.outcome == .unfinished(hasDocument: true))
            #expect(try await page.html().contains("what came so far"))
        }
    }

    @Test func spinningScriptIsEndedAtTheDeadline() async throws {
        let body = "<p>before the loop</p><script>for (;;) {}</script>"
        try await withPage(["/": .answer(body: body)]) { server, _, page in
            let navigation = try await page.navigate(server.url("/"), deadline: .now + .seconds(25))
            #expect(navigation.outcome == .unfinished(hasDocument: true))
            #expect(try await page.html().contains("before the loop"))
        }
    }

    @Test func hugePageIsCut() async throws {
        try await withPage(["/": .huge(bytes: 12_000_000)]) { server, _, page in
            _ = try await page.navigate(server.url("/"))
            #expect(try await page.html().utf16.count == BrowserLimit.htmlUnits)
        }
    }

    @Test func undisplayedElementsAreMarked() async throws {
        let body = "<style>.x { display: none }</style><p class=x>unseen</p><p style='display:contents'>seen</p>"
        try await withPage(["/": .answer(body: body)]) { server, _, page in
            _ = try await page.navigate(server.url("/"))
            let html = try await page.html()
            #expect(html.contains("<p class=\"x\" hidden=\"\">unseen</p>"))
            #expect(html.contains("<p style=\"display:contents\">seen</p>"))
        }
    }

    @Test func scriptsOfThePageCannotAlterWhatIsRead() async throws {
        let body = """
            <p>true text</p><script>
            Object.defineProperty(Element.prototype, 'outerHTML', { get: () => 'forged' });
            String.prototype.slice = () => 'forged';
            </script>
            """
        try await withPage(["/": .answer(body: body)]) { server, _, page in
            _ = try await page.navigate(server.url("/"))
            #expect(try await page.html().contains("true text"))
        }
    }

    @Test func loneSurrogatesSurviveAsReplacementCharacters() async throws {
        let body = "<p id=p></p><script>p.textContent = 'a\\ud83dz'</script>"
        try await withPage(["/": .answer(body: body)]) { server, _, page in
            _ = try await page.navigate(server.url("/"))
            #expect(try await page.html().contains("a\u{FFFD}z"))
        }
    }

    @Test func screenshotHasTheViewportsSize() async throws {
        let body = "<body style='margin:0;height:3000px;background:linear-gradient(red,blue)'>"
        try await withPage(["/": .answer(body: body)]) { server, _, page in
            _ = try await page.navigate(server.url("/"))
            #expect(PNGSize(try await page.screenshot()) == PNGSize(width: 1280, height: 800))
            let full = try await page.screenshot(area: .full(maximumHeight: 2_000))
            #expect(PNGSize(full) == PNGSize(width: 1280, height: 2_000))
        }
    }

    @Test func contextsShareNoCookies() async throws {
        let cookie = PageServer.Script.answer(body: "<p>x</p>", headers: ["Set-Cookie: a=1"])
        try await withPage(["/": cookie]) { server, browser, page in
            _ = try await page.navigate(server.url("/"))
            #expect(try await page.evaluate("document.cookie", as: String.self) == "a=1")
            let context = try await browser.newContext()
            let other = try await context.newPage()
            server.script("/", .answer(body: "<p>x</p>"))
            _ = try await other.navigate(server.url("/"))
            #expect(try await other.evaluate("document.cookie", as: String.self) == "")
            await context.dispose()
        }
    }

    @Test func eventsEndWithThePage() async throws {
        try await withPage(["/": .answer(body: "<p>x</p>")]) { server, _, page in
            let events = page.events(["Page.frameNavigated"])
            _ = try await page.navigate(server.url("/"))
            await page.close()
            var methods: [String] = []
            for await event in events { methods.append(event.method) }
            #expect(methods == ["Page.frameNavigated"])
        }
    }

    @Test func thrownScriptErrorIsReported() async throws {
        try await withPage([:]) { _, _, page in
            let error = await #expect(throws: BrowserError.self) {
                try await page.evaluate("(() => { throw new Error('no luck') })()")
            }
            #expect(error?.code == .scriptThrew)
            #expect(error?.message.contains("no luck") == true)
        }
    }
}

@Suite(.serialized, .timeLimit(.minutes(10))) struct BrowserLifeTests {
    @Test func killedBrowserFailsTheCallInFlight() async throws {
        let server = try PageServer(["/": .hang])
        defer { server.stop() }
        let browser = try await Browser.launch(options)
        let page = try await browser.newContext().newPage()
        let navigation = Task { try await page.navigate(server.url("/")) }
        await server.requested("/")
        kill(-browser.processGroup, SIGKILL)
        let error = await #expect(throws: BrowserError.self) { _ = try await navigation.value }
        #expect(error?.code == .exited)
        let later = await #expect(throws: BrowserError.self) { try await browser.newContext() }
        #expect(later?.code == .exited)
        await browser.ended()
        #expect(access(browser.profile, F_OK) != 0)
        #expect(living(browser.processGroup).isEmpty)
    }

    @Test func crashedPageFailsAloneAndTheBrowserLives() async throws {
        let server = try PageServer(["/": .answer(body: "<p>x</p>"), "/ping": .hang])
        defer { server.stop() }
        let browser = try await Browser.launch(options)
        let page = try await browser.newContext().newPage()
        _ = try await page.navigate(server.url("/"))
        let call = Task { try await page.evaluate("fetch('/ping')") }
        await server.requested("/ping")
        for pid in living(browser.processGroup) {
            let arguments = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
            if String(decoding: arguments, as: UTF8.self).contains("--type=renderer"), let number = Int32(pid) {
                kill(number, SIGKILL)
            }
        }
        let error = await #expect(throws: BrowserError.self) { _ = try await call.value }
        #expect(error?.code == .pageCrashed)
        _ = try await browser.newContext().newPage()
        await browser.close()
    }

    @Test func closeLeavesNoProcessAndNoProfile() async throws {
        let browser = try await Browser.launch(options)
        _ = try await browser.newContext().newPage()
        #expect(living(browser.processGroup).count > 1)
        #expect(access(browser.profile, F_OK) == 0)
        await browser.close()
        #expect(living(browser.processGroup).isEmpty)
        #expect(access(browser.profile, F_OK) != 0)
    }

    @Test func forgottenBrowserEnds() async throws {
        var browser: Browser? = try await Browser.launch(options)
        let profile = try #require(browser?.profile)
        browser = nil
        let deadline = ContinuousClock.now + .seconds(200)
        while access(profile, F_OK) == 0, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(access(profile, F_OK) != 0)
    }

    @Test func chromiumEndsWhenItsPipeDoes() async throws {
        let browser = try await Browser.launch(options)
        _ = try await browser.newContext().newPage()
        browser.hangUp()
        await browser.ended()
        #expect(living(browser.processGroup).isEmpty)
        #expect(access(browser.profile, F_OK) != 0)
    }

    @Test func cancelledCallReturnsAtOnce() async throws {
        let server = try PageServer(["/": .hang])
        defer { server.stop() }
        let browser = try await Browser.launch(options)
        let page = try await browser.newContext().newPage()
        let navigation = Task { try await page.navigate(server.url("/")) }
        await server.requested("/")
        navigation.cancel()
        await #expect(throws: CancellationError.self) { _ = try await navigation.value }
        await browser.close()
    }

    @Test func missingExecutableIsNamed() async throws {
        let error = await #expect(throws: BrowserError.self) {
            _ = try await Browser.launch(LaunchOptions(executable: "/nonexistent/chromium"))
        }
        #expect(error?.code == .executableMissing)
        #expect(error?.message.contains("/nonexistent/chromium") == true)
    }

    @Test func programThatIsNoBrowserFailsToLaunch() async throws {
        let error = await #expect(throws: BrowserError.self) {
            _ = try await Browser.launch(LaunchOptions(executable: "/bin/false"))
        }
        #expect(error?.code == .launchFailed)
        #expect(error?.message.contains("exit status 1") == true)
    }
}

/// Members of a process group that are no zombies.
private func living(_ group: Int32) -> [String] {
    // A process that ends between listing and reading has no line any more.
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return entries.filter { entry in
        guard Int32(entry) != nil, let data = FileManager.default.contents(atPath: "/proc/\(entry)/stat") else {
            return false
        }
        let line = String(decoding: data, as: UTF8.self)
        guard let name = line.lastIndex(of: ")") else { return false }
        let fields = line[line.index(after: name)...].split(separator: " ")
        return fields.count > 2 && fields[2] == String(group) && fields[0] != "Z"
    }
}

/// Width and height from a PNG's header (PNG 1.2, 4.1.1).
private struct PNGSize: Equatable {
    var width: Int
    var height: Int

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    init?(_ data: Data) {
        let bytes = [UInt8](data)
        guard bytes.count > 24, bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) else { return nil }
        func number(_ at: Int) -> Int { bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
        self.init(width: number(16), height: number(20))
    }
}
