import ToolKit

/// An http or https address, taken apart as far as redirects and secrets need it (RFC 3986, section 5.2).
struct WebAddress: Sendable, Hashable {
    /// `https://host:port`, lower-case, the port only where it is not the scheme's own.
    let origin: String
    /// From the slash on, without a fragment.
    let target: String

    /// Bytes of an address, as in `browser.read`.
    static let longest = 8_192

    var text: String { origin + target }
    var isSecure: Bool { origin.hasPrefix("https:") }
    /// Without the query, which may hold secrets.
    var shown: String { origin + target.prefix { $0 != "?" } }

    init(_ text: String) throws(ToolFailure) {
        guard text.utf8.count <= Self.longest, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != 0x5C }) else {
            throw Self.invalid("it is too long, or holds blanks, backslashes or control characters")
        }
        let lower = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: { lower.hasPrefix($0) }) else {
            throw Self.invalid("it must begin with https:// or http://")
        }
        let rest = text.dropFirst(scheme.count)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let authority = rest[..<end].lowercased()
        guard !authority.isEmpty, !authority.contains("@") else {
            throw Self.invalid(
                authority.isEmpty ? "it names no host" : "it holds a user name; give credentials as headers")
        }
        let own = scheme == "https://" ? ":443" : ":80"
        origin = scheme + (authority.hasSuffix(own) ? String(authority.dropLast(own.count)) : authority)
        let path = rest[end...].prefix { $0 != "#" }
        target = path.hasPrefix("/") ? String(path) : "/" + path
    }

    /// Where a Location header leads.
    func following(_ location: String) throws(ToolFailure) -> WebAddress {
        let location = String(location.prefix { $0 != "#" })
        if location.lowercased().hasPrefix("http://") || location.lowercased().hasPrefix("https://") {
            return try WebAddress(location)
        }
        if location.hasPrefix("//") { return try WebAddress((isSecure ? "https:" : "http:") + location) }
        guard !location.prefix(while: { $0 != "/" && $0 != "?" }).contains(":") else {
            throw Self.invalid("a redirect leads out of the web")
        }
        if location.hasPrefix("/") { return try WebAddress(origin + location) }
        let path = target.prefix { $0 != "?" }
        if location.hasPrefix("?") { return try WebAddress(origin + path + location) }
        let base = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
        return try WebAddress(origin + Self.withoutDots(base + location))
    }

    /// Section 5.2.4.
    private static func withoutDots(_ path: Substring) -> String {
        let query = path.firstIndex(of: "?") ?? path.endIndex
        var kept: [Substring] = []
        let steps = path[..<query].split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (place, step) in steps.enumerated() {
            let isLast = place == steps.count - 1
            if step == ".." {
                _ = kept.popLast()
                if isLast { kept.append("") }
            } else if step == "." {
                if isLast { kept.append("") }
            } else {
                kept.append(step)
            }
        }
        return "/" + kept.joined(separator: "/") + path[query...]
    }

    private static func invalid(_ reason: String) -> ToolFailure {
        ToolFailure(.invalidInput, code: "address_invalid", "The address cannot be used: \(reason).")
    }
}
