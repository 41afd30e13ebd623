import Glibc

/// A headless Chromium of our own, driven over its pipe (Chrome DevTools Protocol, `--remote-debugging-pipe`).
///
/// It ends with `close()`, when this object goes, or when this process dies: the pipe's end ends Chromium.
package final class Browser: Sendable {
    private let process: BrowserProcess
    private let connection: Connection
    private let viewport: Viewport
    /// As Chromium names itself: `Chrome/156.0.…`.
    package let product: String

    private init(process: BrowserProcess, connection: Connection, viewport: Viewport, product: String) {
        self.process = process
        self.connection = connection
        self.viewport = viewport
        self.product = product
    }

    deinit {
        connection.end(BrowserError(.closed, "The browser was closed."))
        process.signal(SIGKILL)
    }

    /// Starts Chromium and waits until it answers. Throws `executableMissing` or `launchFailed`.
    package static func launch(_ options: LaunchOptions) async throws -> Browser {
        let (process, connection) = try start(options)
        do {
            let version = try await connection.call(
                "Browser.getVersion", Nothing(), as: Version.self, deadline: .now + BrowserLimit.launch)
            return Browser(
                process: process, connection: connection, viewport: options.viewport, product: version.product)
        } catch {
            connection.end(BrowserError(.closed, "The browser did not start."))
            let ending = await process.terminate()
            if error is CancellationError { throw error }
            throw BrowserError(
                .launchFailed, "Chromium did not come up (\(ending.cause)). It said: \(explain(ending.log))")
        }
    }

    /// Number of Chromium's process group.
    package var processGroup: Int32 { process.pid }

    /// The private profile directory, gone after the end.
    package var profile: String { process.profile }

    /// Whether calls can still succeed.
    package var isRunning: Bool { get async { (try? await connection.call("Browser.getVersion", Nothing())) != nil } }

    /// A context with its own cookies, storage and cache, downloads and permission requests denied.
    package func newContext() async throws -> BrowserContext {
        let made = try await connection.call(
            "Target.createBrowserContext", ContextOptions(disposeOnDetach: true), as: BrowserContext.Made.self)
        let id = made.browserContextId
        async let downloads = connection.call(
            "Browser.setDownloadBehavior", DownloadBehavior(behavior: "deny", browserContextId: id))
        // Granting nothing rejects everything else.
        async let permissions = connection.call(
            "Browser.grantPermissions", Permissions(permissions: [], browserContextId: id))
        _ = try await (downloads, permissions)
        return BrowserContext(id: id, connection: connection, viewport: viewport)
    }

    /// Ends Chromium (SIGTERM, SIGKILL after `BrowserLimit.termination`), reaps its process group and removes its
    /// profile. Calls in flight fail with `closed`. May be called twice.
    package func close() async {
        hangUp()
        _ = await process.terminate()
    }

    /// Ends the pipe and nothing else, as this process's death would: Chromium ends itself then.
    package func hangUp() { connection.end(BrowserError(.closed, "The browser was closed.")) }

    /// Returns once Chromium has ended, for whatever reason, and nothing of it is left.
    package func ended() async { _ = await process.ended() }

    /// Both socket pairs, their far ends handed to Chromium and closed here.
    private static func start(_ options: LaunchOptions) throws(BrowserError) -> (BrowserProcess, Connection) {
        let (commandsNear, commandsFar) = try SocketPair.make()
        let answersNear: Int32
        let answersFar: Int32
        do throws(BrowserError) { (answersNear, answersFar) = try SocketPair.make() } catch {
            for end in [commandsNear, commandsFar] { Glibc.close(end) }
            throw error
        }
        // Above 4, so that placing one at 3 cannot overwrite the other.
        let farEnds = [commandsFar, answersFar].map { fcntl($0, F_DUPFD_CLOEXEC, 10) }
        defer { for end in farEnds + [commandsFar, answersFar] where end >= 0 { Glibc.close(end) } }
        do throws(BrowserError) {
            let process = try BrowserProcess(options, commands: farEnds[0], answers: farEnds[1])
            do throws(BrowserError) {
                return (process, try Connection(writer: commandsNear, reader: answersNear))
            } catch {
                process.signal(SIGKILL)
                throw error
            }
        } catch {
            for end in [commandsNear, answersNear] { Glibc.close(end) }
            throw error
        }
    }

    private static func explain(_ log: String) -> String {
        guard !log.isEmpty else { return "nothing." }
        guard log.contains("No usable sandbox") || log.contains("without --no-sandbox") else { return log }
        return log + " Chromium's own sandbox needs user namespaces: allow them in the seccomp profile, or switch the "
            + "sandbox off where a container already is one."
    }

    private struct Version: Decodable { var product: String }
    private struct ContextOptions: Encodable { var disposeOnDetach: Bool }
    private struct DownloadBehavior: Encodable { var behavior: String; var browserContextId: String }
    private struct Permissions: Encodable { var permissions: [String]; var browserContextId: String }
}

/// A set of pages that shares nothing with any other set.
package final class BrowserContext: Sendable {
    private let id: String
    private let connection: Connection
    private let viewport: Viewport

    init(id: String, connection: Connection, viewport: Viewport) {
        self.id = id
        self.connection = connection
        self.viewport = viewport
    }

    /// An empty page with the browser's viewport.
    package func newPage() async throws -> Page {
        let target = try await connection.call(
            "Target.createTarget",
            Blank(url: "about:blank", browserContextId: id, width: viewport.width, height: viewport.height),
            as: Target.self)
        let session = try await connection.call(
            "Target.attachToTarget", Attachment(targetId: target.targetId, flatten: true), as: Session.self)
        let page = Page(target: target.targetId, session: session.sessionId, connection: connection)
        try await page.prepare(viewport)
        return page
    }

    /// Closes its pages and forgets its cookies and storage. An error only says that the browser went first.
    package func dispose() async {
        _ = try? await connection.call("Target.disposeBrowserContext", Made(browserContextId: id))
    }

    struct Made: Codable { var browserContextId: String }
    private struct Blank: Encodable { var url, browserContextId: String; var width, height: Int }
    private struct Target: Decodable { var targetId: String }
    private struct Attachment: Encodable { var targetId: String; var flatten: Bool }
    private struct Session: Decodable { var sessionId: String }
}
