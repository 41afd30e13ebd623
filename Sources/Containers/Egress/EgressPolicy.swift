/// Where a persona may connect to.
package struct EgressPolicy: Sendable, Hashable, Codable {
    package enum Mode: String, Sendable, Hashable, Codable {
        /// Every public address on an ordinary port.
        case `public`
        /// Only hosts of `allow` and `private`.
        case listed
    }

    package var mode: Mode
    /// `host`, `*.host` (its subdomains) or either with `:port`, which also opens a port that is not an ordinary one.
    package var allow: [String]
    /// `host:port` of this network that are allowed although they are not public: a company's own mail server.
    package var `private`: [String]

    package init(mode: Mode = .public, allow: [String] = [], private: [String] = []) {
        self.mode = mode
        self.allow = allow
        self.private = `private`
    }

    /// Web and mail.
    private static let ordinaryPorts: Set<UInt16> = [80, 443, 25, 465, 587, 143, 993]

    /// Why a name and port are refused before anything is looked up, or `nil`.
    package func refusal(of target: EgressTarget) -> String? {
        if isPrivate(target) { return nil }
        let entries = allow.compactMap(Entry.init)
        if entries.contains(where: { $0.port == target.port && $0.matches(target.host) }) { return nil }
        if mode == .listed, !entries.contains(where: { $0.port == nil && $0.matches(target.host) }) {
            return "\(target.host) is not in this persona's allow-list"
        }
        guard Self.ordinaryPorts.contains(target.port) else {
            return "port \(target.port) is not one that personas may use; list \(target) to allow it"
        }
        return nil
    }

    /// Why a resolved address is refused, or `nil`.
    package func refusal(of address: NetworkAddress, for target: EgressTarget) -> String? {
        if address.isPublic || (isPrivate(target) && !address.isLinkLocal) { return nil }
        return "\(target.host) is \(address), which is not a public address"
    }

    private func isPrivate(_ target: EgressTarget) -> Bool {
        `private`.contains { EgressTarget($0, defaultPort: nil) == target }
    }

    private struct Entry {
        let host: String
        let isSuffix: Bool
        let port: UInt16?

        init?(_ text: String) {
            let isSuffix = text.hasPrefix("*.")
            guard let target = EgressTarget(isSuffix ? String(text.dropFirst(2)) : text, defaultPort: 0) else {
                return nil
            }
            host = target.host
            self.isSuffix = isSuffix
            port = target.port == 0 ? nil : target.port
        }

        func matches(_ name: String) -> Bool { isSuffix ? name.hasSuffix("." + host) : name == host }
    }
}

/// A host and port as a client names it.
package struct EgressTarget: Sendable, Hashable, CustomStringConvertible {
    /// Lower-case, without brackets or a final dot.
    package let host: String
    package let port: UInt16
    private let isLiteral6: Bool

    /// Longest name of DNS (RFC 1035, section 2.3.4).
    private static let maximumLength = 253

    /// Parses `host:port`, `[v6]:port` or, with a default, either without the port. `nil` for anything else, such as
    /// a name with characters outside letters, digits, `.`, `-` and `_`.
    package init?(_ authority: some StringProtocol, defaultPort: UInt16?) {
        var host = authority.lowercased()
        var port = defaultPort
        let isBracketed = host.hasPrefix("[")
        if isBracketed {
            guard let end = host.firstIndex(of: "]") else { return nil }
            let rest = host[host.index(after: end)...]
            if !rest.isEmpty {
                guard rest.hasPrefix(":"), let number = Self.port(rest.dropFirst()) else { return nil }
                port = number
            }
            host = String(host[..<end].dropFirst())
            guard host.utf8.allSatisfy({ Self.isHex($0) || $0 == 0x3A || $0 == 0x2E }) else { return nil }
        } else {
            if let colon = host.firstIndex(of: ":") {
                guard let number = Self.port(host[host.index(after: colon)...]) else { return nil }
                port = number
                host = String(host[..<colon])
            }
            if host.hasSuffix(".") { host.removeLast() }
            guard host.utf8.allSatisfy(Self.isNameByte) else { return nil }
        }
        guard let port, !host.isEmpty, host.utf8.count <= Self.maximumLength else { return nil }
        self.host = host
        self.port = port
        isLiteral6 = isBracketed
    }

    package var description: String { "\(authorityHost):\(port)" }

    /// As in a Host header for http: the port only where it is not 80.
    var httpHost: String { port == 80 ? authorityHost : description }

    private var authorityHost: String { isLiteral6 ? "[\(host)]" : host }

    private static func port(_ text: some StringProtocol) -> UInt16? {
        guard !text.isEmpty, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        return UInt16(text)
    }

    private static func isHex(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte || 0x61...0x66 ~= byte }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        0x30...0x39 ~= byte || 0x61...0x7A ~= byte || byte == 0x2D || byte == 0x2E || byte == 0x5F
    }
}
