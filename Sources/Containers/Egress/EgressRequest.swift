/// The head of a request to the proxy: CONNECT (RFC 9110, section 9.3.6) or absolute-form (RFC 9112, section 3.2.2).
package struct EgressRequest: Sendable, Hashable {
    package enum Body: Sendable, Hashable {
        case none
        case bytes(Int)
        case chunked
    }

    /// The head was not one that the proxy takes; the text goes to the client.
    package struct Malformed: Error, Sendable, Hashable {
        package let reason: String
    }

    /// Larger heads are refused with 431.
    package static let maximumHeadBytes = 64 * 1024

    package let method: String
    package let target: EgressTarget
    package let body: Body
    /// What goes to the far end instead, hop-by-hop fields dropped; empty for CONNECT.
    package let forwardedHead: [UInt8]

    package var isTunnel: Bool { method == "CONNECT" }

    /// Parses a head that ends with an empty line.
    package init(_ head: [UInt8]) throws(Malformed) {
        guard !head.contains(0) else {
            throw Malformed(reason: "the request has a NUL in its head")
        }
        var lines = String(decoding: head, as: UTF8.self).components(cutBy: "\r\n")
        while lines.last?.isEmpty == true { lines.removeLast() }
        guard !lines.isEmpty, !lines.contains(where: { $0.unicodeScalars.contains { $0 == "\r" || $0 == "\n" } }) else {
            throw Malformed(reason: "the request's lines do not end in CR LF")
        }
        let words = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0", !words[0].isEmpty else {
            throw Malformed(reason: "the request line is not one of HTTP/1.1")
        }
        method = String(words[0])
        let fields = try Self.fields(lines)
        guard method != "CONNECT" else {
            guard let target = EgressTarget(words[1], defaultPort: nil) else {
                throw Malformed(reason: "CONNECT names no host and port")
            }
            self.target = target
            body = .none
            forwardedHead = []
            return
        }
        let (target, path) = try Self.absolute(words[1])
        self.target = target
        body = try Self.body(fields)
        forwardedHead = Self.head(method, path, target, fields)
    }

    private static func absolute(_ text: Substring) throws(Malformed) -> (EgressTarget, String) {
        guard text.prefix(7).lowercased() == "http://" else {
            throw Malformed(reason: "the proxy takes CONNECT and http:// addresses alone")
        }
        let rest = text.dropFirst(7)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        guard let target = EgressTarget(rest[..<end], defaultPort: 80) else {
            throw Malformed(reason: "the address names no valid host")
        }
        let path = rest[end...].prefix { $0 != "#" }
        return (target, path.hasPrefix("/") ? String(path) : "/" + path)
    }

    private static func fields(_ lines: [String]) throws(Malformed) -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        for line in lines {
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex,
                line[..<colon].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else { throw Malformed(reason: "a header line is malformed") }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            fields.append((String(line[..<colon]), String(value)))
        }
        return fields
    }

    private static func body(_ fields: [(name: String, value: String)]) throws(Malformed) -> Body {
        let lengths = fields.filter { $0.name.lowercased() == "content-length" }.map(\.value)
        let codings = fields.filter { $0.name.lowercased() == "transfer-encoding" }.map { $0.value.lowercased() }
        if codings == ["chunked"], lengths.isEmpty { return .chunked }
        guard codings.isEmpty, lengths.count <= 1 else {
            throw Malformed(reason: "the request's body has no single length")
        }
        guard let text = lengths.first else { return .none }
        guard !text.isEmpty, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let length = Int(text) else {
            throw Malformed(reason: "Content-Length is not a number")
        }
        return .bytes(length)
    }

    private static let hopByHop: Set<String> = [
        "connection", "proxy-connection", "keep-alive", "te", "upgrade", "proxy-authorization", "proxy-authenticate",
        "host", "http2-settings",
    ]

    private static func head(
        _ method: String, _ path: String, _ target: EgressTarget, _ fields: [(name: String, value: String)]
    ) -> [UInt8] {
        let named = fields.filter { $0.name.lowercased() == "connection" }
            .flatMap { $0.value.lowercased().split { $0 == "," || $0 == " " }.map(String.init) }
        let framing: Set<String> = ["content-length", "transfer-encoding"]
        let dropped = hopByHop.union(named).subtracting(framing)
        var text = "\(method) \(path) HTTP/1.1\r\nHost: \(target.httpHost)\r\n"
        for field in fields where !dropped.contains(field.name.lowercased()) {
            text += "\(field.name): \(field.value)\r\n"
        }
        return Array((text + "Connection: close\r\n\r\n").utf8)
    }
}

extension String {
    /// Cuts at `mark` by bytes: a Swift `Character` may join CR LF with what follows.
    fileprivate func components(cutBy mark: String) -> [String] {
        let bytes = Array(utf8)
        let cut = Array(mark.utf8)
        var parts: [String] = []
        var start = 0
        var index = 0
        while index + cut.count <= bytes.count {
            if Array(bytes[index..<index + cut.count]) == cut {
                parts.append(String(decoding: bytes[start..<index], as: UTF8.self))
                index += cut.count
                start = index
            } else {
                index += 1
            }
        }
        parts.append(String(decoding: bytes[start...], as: UTF8.self))
        return parts
    }
}
