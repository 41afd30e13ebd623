/// Why the browser or a page could not do what was asked.
package struct BrowserError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// No Chromium was found, or the given path cannot be run.
        case executableMissing = "browser_missing"
        /// Chromium did not come up; the message ends in the last lines that it wrote.
        case launchFailed = "browser_launch_failed"
        /// Chromium ended on its own; every call in flight fails with this.
        case exited = "browser_exited"
        /// `Browser.close()` or `Page.close()` came first.
        case closed = "browser_closed"
        /// The tab's process died, as when it ran out of memory; the browser itself lives on.
        case pageCrashed = "page_crashed"
        /// No answer by the call's deadline.
        case timedOut = "browser_timed_out"
        /// Chromium refused the command or answered with something unexpected.
        case protocolFault = "browser_protocol"
        /// A bound of `BrowserLimit` was met.
        case tooLarge = "browser_too_large"
        /// The evaluated script threw.
        case scriptThrew = "browser_script"
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code.rawValue): \(message)" }
}

/// Bounds of the browser's wire and pages.
package enum BrowserLimit {
    /// Bytes of one CDP message: a screenshot of `screenshotPixels` in base64 fits.
    package static let messageBytes = 96 * 1024 * 1024
    /// Bytes waiting to be written; Chromium reads at once, so more means that it hangs.
    package static let outboundBytes = 16 * 1024 * 1024
    /// UTF-16 units of a page's HTML; longer pages are cut there.
    package static let htmlUnits = 5_000_000
    /// Pixels of one screenshot (about 80 MB decoded).
    package static let screenshotPixels = 20_000_000
    /// Events kept for one slow reader of `Page.events`; the oldest go first.
    package static let bufferedEvents = 1_024
    /// Requests of one page that are followed; a page with more counts as busy until `settlePatience`.
    package static let followedRequests = 10_000
    /// Time from start to the first answer over the pipe; a busy two-core machine needs 2 s.
    package static let launch = Duration.seconds(20)
    /// One CDP command without a deadline of its own.
    package static let command = Duration.seconds(10)
    /// One navigation without a deadline of its own.
    package static let navigation = Duration.seconds(20)
    /// No request in flight for so long after the load event: the page has settled.
    package static let quiet = Duration.milliseconds(200)
    /// A loaded page that never falls quiet (long polling, streams) is taken after this.
    package static let settlePatience = Duration.seconds(3)
    /// From SIGTERM to SIGKILL.
    package static let termination = Duration.seconds(2)
    /// Bytes of Chromium's own log that an error repeats.
    package static let logTailBytes = 2_048
}
