import CDP
import FoundationEssentials
import Reader
import ToolKit

/// An address that the browser may open.
struct PageAddress {
    let host: String

    /// Throws `url_refused` for anything but plain http and https addresses without credentials.
    init(_ text: String) throws(ToolFailure) {
        guard text.utf8.count <= PageLimit.addressBytes, let url = URL(string: text), let scheme = url.scheme else {
            throw Self.refusal("'\(text.prefix(200))' is no web address.")
        }
        guard ["http", "https"].contains(scheme.lowercased()) else {
            throw Self.refusal("Only http and https addresses are opened, not '\(scheme)'.")
        }
        guard let host = url.host(), !host.isEmpty else { throw Self.refusal("The address names no host.") }
        guard url.user() == nil, url.password() == nil else {
            throw Self.refusal("The address carries a user name or password; those are not sent.")
        }
        self.host = host
    }

    private static func refusal(_ reason: String) -> ToolFailure {
        ToolFailure(.invalidInput, code: "url_refused", reason)
    }
}

/// A document that came and may be read.
struct PageVisit {
    let url: String
    let status: Int
    let isFinished: Bool

    private static let readableTypes: Set<String> = ["text/html", "application/xhtml+xml", "text/plain"]
    private static let wallStatuses: Set<Int> = [401, 403, 407, 429]

    /// Throws `page_unreachable`, `page_refused`, `page_status`, `page_walled` or `page_not_html`.
    init(_ navigation: Navigation, asked: String) throws(ToolFailure) {
        url = navigation.url.flatMap { $0.hasPrefix("http") ? $0 : nil } ?? navigation.response?.url ?? asked
        if let response = navigation.response { try Self.check(response) }
        switch navigation.outcome {
        case .failed(let name):
            throw NetworkFault(name).failure(for: asked)
        case .unfinished(hasDocument: false):
            throw NetworkFault("net::ERR_TIMED_OUT").failure(for: asked)
        case .unfinished(hasDocument: true):
            isFinished = false
        case .loaded:
            isFinished = true
        }
        status = navigation.response?.status ?? 200
    }

    private static func check(_ response: PageActivity.Response) throws(ToolFailure) {
        if let reason = response.egressReason {
            throw response.status == 403
                ? ToolFailure(
                    .permanent, code: "page_refused",
                    "The page is not allowed by the persona's network rules: \(reason).")
                : ToolFailure(.transient, code: "page_unreachable", "The page cannot be opened: \(reason).")
        }
        if wallStatuses.contains(response.status) {
            throw ToolFailure(
                .permanent, code: "page_walled",
                "The page answers with status \(response.status): it wants a login or refuses automated visits. A person must "
                    + "open it.")
        }
        guard response.status < 400 else {
            throw ToolFailure(.permanent, code: "page_status", "The page answers with status \(response.status).")
        }
        guard readableTypes.contains(response.mimeType.lowercased()) else {
            throw ToolFailure(
                .permanent, code: "page_not_html",
                "The address holds a file of type '\(response.mimeType)', not a web page.")
        }
    }
}

/// Title and text of a visited page.
struct PageContent {
    let article: Article
    let title: String
    let text: String
    let note: String?

    /// Throws `page_walled` or `page_empty`.
    init(_ html: String, of visit: PageVisit) throws(ToolFailure) {
        article = Reader.article(html: html)
        let whole = article.text.isEmpty ? Reader.wholeText(html: html) : article.text
        guard !whole.isEmpty else {
            throw ToolFailure(
                visit.isFinished ? .permanent : .transient, code: "page_empty",
                visit.isFinished ? "The page shows no text." : "The page showed no text by its deadline.")
        }
        if let wall = Self.wall(in: article.title + "\n" + whole) {
            throw ToolFailure(
                .permanent, code: "page_walled",
                "The page shows a login or a check for robots ('\(wall)') in place of its content. A person must open it."
            )
        }
        title = article.title.isEmpty ? visit.url : article.title
        text = String(whole.prefix(PageLimit.textCharacters))
        var notes: [String] = []
        if !visit.isFinished { notes.append("The page did not finish loading; this is what it showed by then.") }
        if text.utf8.count < whole.utf8.count {
            notes.append("The text was cut at \(PageLimit.textCharacters) characters.")
        }
        note = notes.isEmpty ? nil : notes.joined(separator: " ")
    }

    private static func wall(in text: String) -> String? {
        guard text.count <= PageLimit.wallCharacters else { return nil }
        let lowered = text.lowercased()
        return wallPhrases.first { lowered.contains($0) }
    }

    private static let wallPhrases = [
        "verify you are human", "verify that you are human", "are you a robot", "not a robot", "captcha",
        "checking your browser", "checking if the site connection is secure", "unusual traffic",
        "enable javascript and cookies to continue", "access to this page has been denied", "attention required!",
        "sign in to continue", "log in to continue", "please log in", "please sign in", "you must be logged in",
        "subscribe to continue", "subscribe to read",
    ]
}

/// Chromium's name for a failed fetch, in plain words.
struct NetworkFault {
    let name: String

    init(_ name: String) { self.name = name.hasPrefix("net::") ? String(name.dropFirst(5)) : name }

    func failure(for address: String) -> ToolFailure {
        let known = Self.words[name]
        let isCertificate = name.hasPrefix("ERR_CERT_") || name.hasPrefix("ERR_SSL_")
        let words = known?.words ?? (isCertificate ? "its TLS certificate or handshake is not valid" : "it failed")
        let shown = address.count > 200 ? address.prefix(200) + "…" : address[...]
        return ToolFailure(
            known?.kind ?? .permanent, code: "page_unreachable", "\(shown) cannot be opened: \(words) (\(name)).")
    }

    private static let words: [String: (kind: ToolFailure.Kind, words: String)] = [
        "ERR_NAME_NOT_RESOLVED": (.permanent, "no host of that name is known"),
        "ERR_NAME_RESOLUTION_FAILED": (.transient, "its name could not be looked up"),
        "ERR_CONNECTION_REFUSED": (.transient, "the host refuses the connection"),
        "ERR_CONNECTION_RESET": (.transient, "the host broke the connection off"),
        "ERR_CONNECTION_CLOSED": (.transient, "the host closed the connection"),
        "ERR_CONNECTION_ABORTED": (.transient, "the connection was broken off"),
        "ERR_CONNECTION_FAILED": (.transient, "no connection could be made"),
        "ERR_CONNECTION_TIMED_OUT": (.transient, "the host did not answer in time"),
        "ERR_TIMED_OUT": (.transient, "it did not answer in time"),
        "ERR_EMPTY_RESPONSE": (.transient, "the host closed the connection without an answer"),
        "ERR_ADDRESS_UNREACHABLE": (.transient, "the host cannot be reached"),
        "ERR_INTERNET_DISCONNECTED": (.transient, "there is no network"),
        "ERR_NETWORK_CHANGED": (.transient, "the network changed meanwhile"),
        "ERR_PROXY_CONNECTION_FAILED": (.transient, "the sandbox's way out does not answer"),
        "ERR_TUNNEL_CONNECTION_FAILED": (
            .permanent, "the host is not allowed by the persona's network rules, or cannot be reached"
        ),
        "ERR_TOO_MANY_REDIRECTS": (.permanent, "it redirects without end"),
        "ERR_ABORTED": (.permanent, "it answers without a page"),
        "ERR_INVALID_RESPONSE": (.permanent, "its answer is no HTTP"),
        "ERR_INVALID_HTTP_RESPONSE": (.permanent, "its answer is no HTTP"),
        "ERR_UNSAFE_PORT": (.permanent, "its port belongs to another service and is never opened by browsers"),
        "ERR_CONTENT_LENGTH_MISMATCH": (.transient, "its answer ended early"),
        "ERR_INCOMPLETE_CHUNKED_ENCODING": (.transient, "its answer ended early"),
    ]
}

extension ToolFailure {
    /// What a fault of the browser itself means for the call.
    init(_ error: BrowserError, host: String) {
        switch error.code {
        case .timedOut:
            self.init(
                .transient, code: "page_unreachable", "The page on \(host) did not answer in time: \(error.message)")
        case .exited, .closed, .launchFailed, .pageCrashed:
            self.init(.transient, code: error.code.rawValue, error.message)
        case .executableMissing, .protocolFault, .tooLarge, .scriptThrew:
            self.init(.permanent, code: error.code.rawValue, error.message)
        }
    }
}
