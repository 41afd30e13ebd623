/// What a page is doing, from its events: which document stands, whether it loaded, whether requests are in flight.
///
/// A pure state machine; the caller brings events and the time.
package struct PageActivity: Sendable {
    /// The main document's answer.
    package struct Response: Sendable, Hashable, Decodable {
        package var url: String
        package var status: Int
        package var mimeType: String
        /// Set where the sandbox's way out answered in place of the site: why it did not pass the request on.
        package var egressReason: String?

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            url = try container.decode(String.self, forKey: .url)
            status = try container.decode(Int.self, forKey: .status)
            mimeType = try container.decode(String.self, forKey: .mimeType)
            let headers = try container.decodeIfPresent([String: String].self, forKey: .headers) ?? [:]
            egressReason = headers.first { $0.key.lowercased() == "x-egress-reason" }?.value
        }

        private enum CodingKeys: String, CodingKey { case url, status, mimeType, headers }
    }

    package enum Verdict: Sendable, Hashable {
        /// Loaded and quiet, or loaded and out of patience.
        case settled
        /// Look again by then, or at the next event.
        case busy(until: ContinuousClock.Instant?)
    }

    /// Parameters of the events that matter here, all optional: each event has some.
    package struct Parameters: Sendable, Decodable {
        package struct Frame: Sendable, Decodable {
            var id: String
            var parentId: String?
            var loaderId: String?
            var url: String
            var urlFragment: String?
            var unreachableUrl: String?
        }

        var requestId: String?
        var loaderId: String?
        var frameId: String?
        var type: String?
        var name: String?
        var url: String?
        var errorText: String?
        var response: Response?
        var frame: Frame?
    }

    package static let methods: Set<String> = [
        "Network.requestWillBeSent", "Network.responseReceived", "Network.loadingFinished", "Network.loadingFailed",
        "Page.frameNavigated", "Page.navigatedWithinDocument", "Page.lifecycleEvent",
    ]

    private let mainFrame: String
    private var loader: String?
    private var loadedAt: ContinuousClock.Instant?
    private var lastActivity: ContinuousClock.Instant
    private var inFlight: Set<String> = []
    private var responses: [String: Response] = [:]
    private var responseOrder: [String] = []
    /// Address of the document that stands, fragment included.
    package private(set) var url: String?
    /// Whether Chromium's own error page stands instead of an answer.
    package private(set) var showsErrorPage = false
    /// Chromium's name for why the last document did not come.
    package private(set) var failure: String?

    package init(mainFrame: String, at now: ContinuousClock.Instant) {
        self.mainFrame = mainFrame
        lastActivity = now
    }

    /// A navigation starts: what stood before no longer counts.
    package mutating func begin(at now: ContinuousClock.Instant) {
        self = PageActivity(mainFrame: mainFrame, at: now)
    }

    package mutating func handle(_ method: String, _ parameters: Parameters, at now: ContinuousClock.Instant) {
        switch method {
        case "Network.requestWillBeSent":
            guard let request = parameters.requestId, inFlight.count < BrowserLimit.followedRequests else { return }
            inFlight.insert(request)
            lastActivity = now
        case "Network.loadingFinished", "Network.loadingFailed":
            if parameters.type == "Document", let text = parameters.errorText { failure = text }
            guard let request = parameters.requestId, inFlight.remove(request) != nil else { return }
            lastActivity = now
        case "Network.responseReceived":
            record(parameters)
        case "Page.frameNavigated":
            commit(parameters.frame, at: now)
        case "Page.navigatedWithinDocument":
            if parameters.frameId == mainFrame { url = parameters.url }
        case "Page.lifecycleEvent":
            let isMain = parameters.frameId == mainFrame && parameters.loaderId == loader
            if isMain, loader != nil, parameters.name == "load" { loadedAt = loadedAt ?? now }
        default:
            break
        }
    }

    /// The answer that brought the standing document; before one stands, the last main document's answer, as of a
    /// download.
    package var response: Response? {
        if let loader, let response = responses[loader] { return response }
        return loader == nil ? responseOrder.last.flatMap { responses[$0] } : nil
    }

    package var hasDocument: Bool { loader != nil }
    package var hasLoaded: Bool { loadedAt != nil }

    package func verdict(at now: ContinuousClock.Instant) -> Verdict {
        guard let loadedAt else { return .busy(until: nil) }
        let patience = loadedAt + BrowserLimit.settlePatience
        let due = inFlight.isEmpty ? min(max(lastActivity, loadedAt) + BrowserLimit.quiet, patience) : patience
        return due <= now ? .settled : .busy(until: due)
    }

    private mutating func record(_ parameters: Parameters) {
        guard parameters.type == "Document", parameters.frameId == mainFrame, let loader = parameters.loaderId,
            let response = parameters.response
        else { return }
        responses[loader] = response
        responseOrder.append(loader)
        // A page that reloads itself forever must not grow this without bound; only the latest few can still stand.
        if responseOrder.count > 8 { responses[responseOrder.removeFirst()] = nil }
    }

    private mutating func commit(_ frame: Parameters.Frame?, at now: ContinuousClock.Instant) {
        guard let frame, frame.id == mainFrame, frame.parentId == nil else { return }
        loader = frame.loaderId ?? loader
        url = frame.url + (frame.urlFragment ?? "")
        showsErrorPage = frame.unreachableUrl != nil
        loadedAt = nil
        // Requests of the document before were dropped with it.
        inFlight = []
        lastActivity = now
    }
}
