/// Header fields in the order of the wire; names compare without case (RFC 9110, section 5.1).
package struct HTTPHeaders: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    package struct Field: Sendable, Hashable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package private(set) var fields: [Field]

    package init(_ fields: [Field] = []) { self.fields = fields }

    package init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field(name: $0, value: $1) }
    }

    package mutating func append(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// The first value of that name; setting replaces every value of that name.
    package subscript(name: String) -> String? {
        get { fields.first { Self.same($0.name, name) }?.value }
        set {
            fields.removeAll { Self.same($0.name, name) }
            if let newValue { append(name, newValue) }
        }
    }

    package func values(_ name: String) -> [String] {
        fields.filter { Self.same($0.name, name) }.map(\.value)
    }

    private static func same(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count
            && zip(left.utf8, right.utf8).allSatisfy { lowercase($0) == lowercase($1) }
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }
}

/// One exchange to make. Redirects are not followed: the caller sees the 3xx and decides.
package struct HTTPRequest: Sendable {
    /// A token of RFC 9110, section 9; upper case by convention.
    package var method: String
    /// `http` or `https` only.
    package var url: String
    package var headers: HTTPHeaders
    package var body: [UInt8]?
    /// Connects to this Unix socket in place of the URL's host.
    package var unixSocketPath: String?
    /// Connects to this IP address in place of looking the URL's host up; TLS still asks for the host's certificate.
    package var address: String?
    /// `host:port` or a URL of an HTTP proxy; `nil` means none, whatever the environment says.
    package var proxy: String?
    /// PEM file of the authorities to trust in place of the system's.
    package var certificateAuthorityFile: String?
    /// Asks for compressed bodies and unpacks them; bounds count what comes out.
    package var decodesContent = false
    package var limits: HTTPLimits

    package init(
        _ method: String = "GET", _ url: String, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8]? = nil,
        unixSocketPath: String? = nil, address: String? = nil, proxy: String? = nil,
        certificateAuthorityFile: String? = nil,
        limits: HTTPLimits = HTTPLimits()
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.unixSocketPath = unixSocketPath
        self.address = address
        self.proxy = proxy
        self.certificateAuthorityFile = certificateAuthorityFile
        self.limits = limits
    }
}

/// Printing shows method and address only: headers, body and query may hold secrets.
extension HTTPRequest: CustomStringConvertible, CustomReflectable {
    package var description: String { "\(method) \(url.prefix { $0 != "?" && $0 != "#" })" }
    package var customMirror: Mirror { Mirror(self, children: ["request": description]) }
}

/// Bounds of one exchange.
package struct HTTPLimits: Sendable, Hashable {
    /// Name resolution, connection, proxy and TLS handshake together.
    package var connect: Duration
    /// From start to the last byte of the body; `nil` for streams without end.
    package var total: Duration?
    /// The longest silence from the far end while the reader is not the one holding back; `nil` for none.
    package var idle: Duration?
    /// Body bytes after which the exchange fails.
    package var responseBytes: Int

    package init(
        connect: Duration = .seconds(10), total: Duration? = .seconds(60), idle: Duration? = nil,
        responseBytes: Int = 16 * 1024 * 1024
    ) {
        self.connect = connect
        self.total = total
        self.idle = idle
        self.responseBytes = responseBytes
    }
}

/// Status and header fields of the final response; interim responses (1xx) are skipped.
package struct HTTPHead: Sendable, Hashable {
    package var status: Int
    package var headers: HTTPHeaders

    package init(status: Int, headers: HTTPHeaders) {
        self.status = status
        self.headers = headers
    }
}

package struct HTTPResponse: Sendable, Hashable {
    package var head: HTTPHead
    package var body: [UInt8]

    package init(head: HTTPHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }

    package var status: Int { head.status }
    package var headers: HTTPHeaders { head.headers }
}

extension HTTPRequest {
    /// Refuses what could smuggle a second header or request (RFC 9110, section 5.5) or leave HTTP.
    func validate() throws(HTTPClientError) {
        guard !method.isEmpty, method.utf8.allSatisfy(Self.isToken) else {
            throw HTTPClientError(.invalidRequest, "The method is not a token of RFC 9110.")
        }
        let scheme = url.prefix { $0 != ":" }.lowercased()
        guard scheme == "http" || scheme == "https", url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw HTTPClientError(.invalidRequest, "The URL is not an http or https URL.")
        }
        for field in headers.fields {
            guard !field.name.isEmpty, field.name.utf8.allSatisfy(Self.isToken) else {
                throw HTTPClientError(.invalidRequest, "A header name is not a token of RFC 9110.")
            }
            guard field.value.utf8.allSatisfy({ ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }) else {
                throw HTTPClientError(
                    .invalidRequest, "The value of the header '\(field.name)' has a control character.")
            }
        }
        if let address {
            guard !address.isEmpty, address.utf8.allSatisfy({ Self.isHex($0) || $0 == 0x2E || $0 == 0x3A }) else {
                throw HTTPClientError(.invalidRequest, "The address to connect to is not an IP address.")
            }
        }
        for text in [unixSocketPath, proxy, certificateAuthorityFile] {
            guard text?.utf8.contains(0) != true else {
                throw HTTPClientError(.invalidRequest, "A path or proxy has a NUL.")
            }
        }
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
