package import FoundationEssentials

/// How a navigation went.
package struct Navigation: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        /// The document loaded and fell quiet, or was given `BrowserLimit.settlePatience` to.
        case loaded
        /// The deadline came first; `hasDocument` says whether there is something to read.
        case unfinished(hasDocument: Bool)
        /// Chromium's name for what went wrong: `net::ERR_NAME_NOT_RESOLVED`. `net::ERR_ABORTED` with a response is a
        /// download, which is denied.
        case failed(String)
    }

    package var outcome: Outcome
    /// Address of the document that stands, after all redirects.
    package var url: String?
    /// The main document's answer, where one came.
    package var response: PageActivity.Response?
}

/// What a screenshot shows.
package enum ScreenshotArea: Sendable, Hashable {
    case viewport
    /// From the page's top; the width is the viewport's.
    case full(maximumHeight: Int)
}

package enum ScreenshotFormat: String, Sendable, Hashable {
    case png, jpeg
}

/// One page (tab). Dialogs are dismissed as they open.
package final class Page: Sendable {
    private let target: String
    private let session: String
    private let connection: Connection
    private let monitor: PageMonitor

    init(target: String, session: String, connection: Connection) {
        self.target = target
        self.session = session
        self.connection = connection
        monitor = PageMonitor(mainFrame: target) { accept in
            connection.post("Page.handleJavaScriptDialog", Acceptance(accept: accept), session: session)
        }
        connection.observe(session, with: monitor)
    }

    deinit { connection.ignore(session) }

    func prepare(_ viewport: Viewport) async throws {
        async let page = call("Page.enable", Nothing())
        async let network = call("Network.enable", Nothing())
        async let inspector = call("Inspector.enable", Nothing())
        async let lifecycle = call("Page.setLifecycleEventsEnabled", Switch(enabled: true))
        async let metrics = call(
            "Emulation.setDeviceMetricsOverride",
            Metrics(width: viewport.width, height: viewport.height, deviceScaleFactor: 1, mobile: false))
        _ = try await (page, network, inspector, lifecycle, metrics)
    }

    /// Opens `url` and waits until the page loaded and its requests fell quiet, at most until `deadline` (in
    /// `BrowserLimit.navigation` by default). At the deadline loading is stopped and what stands remains readable.
    package func navigate(_ url: String, deadline: ContinuousClock.Instant? = nil) async throws -> Navigation {
        let deadline = deadline ?? .now + BrowserLimit.navigation
        monitor.begin()
        do {
            let reply = try await connection.call(
                "Page.navigate", Address(url: url), as: Navigated.self, session: session, deadline: deadline)
            if let failure = reply.errorText { return navigation(.failed(failure)) }
            if try await monitor.settled(until: deadline, nudge: connection.nudge) {
                // A page that went on to an address which cannot be reached shows Chromium's error page.
                let activity = monitor.activity
                return navigation(activity.showsErrorPage ? .failed(activity.failure ?? "net::ERR_FAILED") : .loaded)
            }
        } catch let error as BrowserError where error.code == .timedOut {
            // Falls through: what stands at the deadline is the caller's to judge.
        }
        halt()
        return navigation(.unfinished(hasDocument: monitor.activity.hasDocument))
    }

    /// Evaluates JavaScript in the page's own world, promises awaited; the value comes as JSON (`undefined` as
    /// `null`). Throws `scriptThrew` with the exception's words.
    package func evaluate(_ expression: String, deadline: ContinuousClock.Instant? = nil) async throws -> [UInt8] {
        try await evaluate(expression, world: nil, deadline: deadline)
    }

    /// Evaluates JavaScript and decodes its value.
    package func evaluate<T: Decodable>(
        _ expression: String, as type: T.Type, deadline: ContinuousClock.Instant? = nil
    ) async throws -> T {
        try decode(type, try await evaluate(expression, world: nil, deadline: deadline))
    }

    /// The document as it stands, after scripts ran, cut at `BrowserLimit.htmlUnits`. What no layout shows
    /// (`display: none`) is marked with the attribute `hidden`. Read in an isolated world, where the page's scripts
    /// cannot have replaced anything.
    package func html(deadline: ContinuousClock.Instant? = nil) async throws -> String {
        let world = try await connection.call(
            "Page.createIsolatedWorld", World(frameId: target), as: WorldMade.self, session: session,
            deadline: deadline)
        let value = try await evaluate(Self.snapshot, world: world.executionContextId, deadline: deadline)
        return try decode(String.self, value)
    }

    /// The picture's bytes. Throws `tooLarge` above `BrowserLimit.screenshotPixels`.
    package func screenshot(
        _ format: ScreenshotFormat = .png, area: ScreenshotArea = .viewport, deadline: ContinuousClock.Instant? = nil
    ) async throws -> Data {
        let layout = try await connection.call(
            "Page.getLayoutMetrics", Nothing(), as: Layout.self, session: session, deadline: deadline)
        let view = layout.cssLayoutViewport
        var clip = Clip(
            x: layout.cssVisualViewport.pageX, y: layout.cssVisualViewport.pageY,
            width: Double(view.clientWidth), height: Double(view.clientHeight), scale: 1)
        if case .full(let maximumHeight) = area {
            clip.x = 0
            clip.y = 0
            clip.height = max(1, min(Double(maximumHeight), layout.cssContentSize.height))
        }
        guard clip.width * clip.height <= Double(BrowserLimit.screenshotPixels) else {
            throw BrowserError(.tooLarge, "The screenshot would exceed \(BrowserLimit.screenshotPixels) pixels.")
        }
        let shot = try await connection.call(
            "Page.captureScreenshot",
            Capture(
                format: format.rawValue, clip: clip, captureBeyondViewport: area != .viewport, optimizeForSpeed: true),
            as: Shot.self, session: session, deadline: deadline)
        guard let bytes = Data(base64Encoded: shot.data) else {
            throw BrowserError(.protocolFault, "The screenshot is not base64.")
        }
        return bytes
    }

    /// The page's events of these methods, at most `BrowserLimit.bufferedEvents` waiting; ends with the page.
    package func events(_ methods: Set<String>) -> AsyncStream<PageEvent> { monitor.events(methods) }

    /// Closes the page. An error only says that it or the browser went first.
    package func close() async {
        _ = try? await connection.call("Target.closeTarget", Closing(targetId: target))
        connection.ignore(session)
        monitor.lose(BrowserError(.closed, "The page was closed."))
    }

    /// Ends a script that spins and stops loading, so that what stands can be read.
    private func halt() {
        connection.post("Runtime.terminateExecution", Nothing(), session: session)
        connection.post("Page.stopLoading", Nothing(), session: session)
    }

    private func navigation(_ outcome: Navigation.Outcome) -> Navigation {
        let activity = monitor.activity
        return Navigation(outcome: outcome, url: activity.url, response: activity.response)
    }

    private func evaluate(_ expression: String, world: Int?, deadline: ContinuousClock.Instant?) async throws -> [UInt8]
    {
        let bytes = try await connection.call(
            "Runtime.evaluate",
            Evaluation(
                expression: expression, contextId: world, returnByValue: true, awaitPromise: true),
            session: session, deadline: deadline)
        let outcome = try decode(Evaluated.self, bytes)
        if let exception = outcome.exceptionDetails {
            throw BrowserError(.scriptThrew, exception.exception?.description ?? exception.text)
        }
        // `result` is the answer's, holding a `value` where there is one.
        guard let object = Message(parsing: bytes)?.result else { return Array("null".utf8) }
        return Message.member("value", of: object) ?? Array("null".utf8)
    }

    private func call<P: Encodable & Sendable>(_ method: String, _ parameters: P) async throws -> [UInt8] {
        try await connection.call(method, parameters, session: session)
    }

    private func decode<T: Decodable>(_ type: T.Type, _ bytes: [UInt8]) throws -> T {
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw BrowserError(.protocolFault, "The page's answer does not fit: \(error)")
        }
    }

    /// At most 20,000 elements are looked at for visibility: about 50 ms. Lone surrogates would break the JSON.
    private static let snapshot = """
        (() => {
            let left = 20000;
            for (const element of document.body?.getElementsByTagName('*') ?? []) {
                if (left-- <= 0) break;
                if (/^(script|style|noscript|template|link|meta)$/i.test(element.tagName)) continue;
                if (!element.checkVisibility() && getComputedStyle(element).display === 'none')
                    element.setAttribute('hidden', '');
            }
            return (document.documentElement?.outerHTML ?? '').slice(0, \(BrowserLimit.htmlUnits)).toWellFormed();
        })()
        """

    private struct Acceptance: Encodable { var accept: Bool }
    private struct Switch: Encodable { var enabled: Bool }
    private struct Metrics: Encodable { var width, height, deviceScaleFactor: Int; var mobile: Bool }
    private struct Address: Encodable { var url: String }
    private struct Navigated: Decodable { var errorText: String? }
    private struct World: Encodable { var frameId: String }
    private struct WorldMade: Decodable { var executionContextId: Int }
    private struct Closing: Encodable { var targetId: String }
    private struct Shot: Decodable { var data: String }

    private struct Evaluation: Encodable {
        var expression: String
        var contextId: Int?
        var returnByValue, awaitPromise: Bool
    }

    private struct Evaluated: Decodable {
        struct Details: Decodable {
            struct Exception: Decodable { var description: String? }
            var text: String
            var exception: Exception?
        }
        var exceptionDetails: Details?
    }

    private struct Clip: Encodable { var x, y, width, height, scale: Double }

    private struct Capture: Encodable {
        var format: String
        var clip: Clip
        var captureBeyondViewport, optimizeForSpeed: Bool
    }

    private struct Layout: Decodable {
        struct View: Decodable { var clientWidth, clientHeight: Int }
        struct Visual: Decodable { var pageX, pageY: Double }
        struct Content: Decodable { var height: Double }
        var cssLayoutViewport: View
        var cssVisualViewport: Visual
        var cssContentSize: Content
    }
}
