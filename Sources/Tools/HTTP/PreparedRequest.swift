import Domain
import HTTPClient
import ToolKit
import Workspaces

/// A request that was checked, with its secrets by name only until it is sent.
struct PreparedRequest {
    private(set) var method: String
    private(set) var address: WebAddress
    private var headers: HTTPHeaders
    private var secrets: HTTPHeaders
    private var body: RequestBody

    /// Methods that the tool knows: RFC 9110, section 9, and PATCH.
    private static let methods: Set<String> = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
    /// Those that change nothing at the far end (section 9.2.1).
    private static let safe: Set<String> = ["GET", "HEAD", "OPTIONS"]
    /// Those whose repeat changes nothing more (section 9.2.2).
    private static let idempotent: Set<String> = ["PUT", "DELETE"]
    /// Set here or by the proxy; a caller's could split the request in two.
    private static let ours: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "proxy-authorization", "proxy-connection", "te",
        "upgrade", "expect", "accept-encoding", "trailer",
    ]

    var isSafe: Bool { Self.safe.contains(method) }
    var isIdempotent: Bool { isSafe || Self.idempotent.contains(method) }

    init(_ input: RequestInput, method given: String, in context: ToolContext) throws {
        let method = given.uppercased()
        guard Self.methods.contains(method) else {
            throw Self.invalid(
                "The method '\(given.prefix(20))' is not one of \(Self.methods.sorted().joined(separator: ", ")).")
        }
        self.method = method
        address = try WebAddress(try Self.address(input))
        headers = HTTPHeaders()
        secrets = HTTPHeaders()
        let given = input.headers ?? [:]
        guard given.count + (input.secretHeaders?.count ?? 0) <= WebLimit.headers else {
            throw Self.invalid("A request has at most \(WebLimit.headers) headers.")
        }
        for (name, value) in given.sorted(by: { $0.key < $1.key }) { try Self.add(name, value, to: &headers) }
        for (name, header) in (input.secretHeaders ?? [:]).sorted(by: { $0.key < $1.key }) {
            try Self.add(name, (header.prefix ?? "") + (try context.secret(header.secret)).reveal(), to: &secrets)
        }
        body = try RequestBody(
            input, in: Workspace(directory: context.directory), boundary: "persona-\(EffectName.of(context.effectKey))")
        guard body.bytes == nil || !Self.safe.contains(method) else {
            throw Self.invalid("\(method) takes no body.")
        }
        if headers["User-Agent"] == nil { headers.append("User-Agent", "PersonaPlatform/1 (http.request)") }
        if let type = body.type, headers["Content-Type"] == nil { headers.append("Content-Type", type) }
        // A far end that honours it does a repeated request once (draft-ietf-httpapi-idempotency-key-header).
        if !isSafe, headers["Idempotency-Key"] == nil { headers.append("Idempotency-Key", "\"\(context.effectKey)\"") }
    }

    private static func address(_ input: RequestInput) throws -> String {
        guard let query = input.query, !query.isEmpty else { return input.url }
        var pairs: [String] = []
        for (name, value) in query.sorted(by: { $0.key < $1.key }) {
            for item in value.array ?? [value] {
                let text: String
                switch item {
                case .string(let value): text = value
                case .int(let value): text = "\(value)"
                case .double(let value): text = "\(value)"
                case .bool(let value): text = "\(value)"
                case .null: continue
                default: throw invalid("'query' holds texts, numbers, true, false, and lists of them.")
                }
                pairs.append("\(RequestBody.escaped(name))=\(RequestBody.escaped(text))")
            }
        }
        let base = input.url.prefix { $0 != "#" }
        return base + (base.contains("?") ? "&" : "?") + pairs.joined(separator: "&")
    }

    private static func add(_ name: String, _ value: String, to headers: inout HTTPHeaders) throws(ToolFailure) {
        guard !ours.contains(name.lowercased()) else {
            throw invalid("The header '\(name.prefix(40))' is set by the platform.")
        }
        let isToken =
            !name.isEmpty && name.utf8.count <= 100
            && name.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0 & 0xDF) || "-_".utf8.contains($0)
            }
        guard isToken, value.utf8.count <= WebLimit.headerBytes,
            value.utf8.allSatisfy({ $0 == 9 || $0 >= 0x20 && $0 != 0x7F })
        else { throw invalid("The header '\(name.prefix(40))' has a name or a value that HTTP does not allow.") }
        headers.append(name, value)
    }

    func request(proxy: String, limits: HTTPLimits, authority: String?) -> HTTPRequest {
        var fields = headers
        for field in secrets.fields { fields[field.name] = field.value }
        var request = HTTPRequest(method, address.text, headers: fields, body: body.bytes, proxy: proxy, limits: limits)
        request.decodesContent = true
        request.certificateAuthorityFile = authority
        return request
    }

    /// The request after a redirect (RFC 9110, section 15.4), or a failure where it must not be followed. Secrets and
    /// cookies go to the origin alone that they were meant for.
    ///
    /// With `hasEffect` the first request may have done what it was sent for: a failure leaves that unknown.
    mutating func follow(_ status: Int, to location: String, hasEffect: Bool) throws(ToolFailure) {
        let kind: ToolFailure.Kind = hasEffect ? .unknownOutcome : .permanent
        let next: WebAddress
        do {
            next = try address.following(location)
        } catch {
            throw ToolFailure(kind, code: "redirect_refused", "\(address.shown) redirects: \(error.message)")
        }
        guard next.isSecure || !address.isSecure else {
            throw ToolFailure(
                kind, code: "redirect_refused", "\(address.shown) redirects from https to http; it was not followed.")
        }
        if next.origin != address.origin {
            guard isSafe else {
                throw ToolFailure(
                    kind, code: "redirect_refused",
                    "\(address.shown) redirects a \(method) to another site, \(next.origin); send it there if that is meant."
                )
            }
            secrets = HTTPHeaders()
            for name in ["Authorization", "Cookie"] { headers[name] = nil }
        }
        if status == 303 || (status == 301 || status == 302) && method == "POST" {
            if method != "HEAD" { method = "GET" }
            body.bytes = nil
            for name in ["Content-Type", "Idempotency-Key"] { headers[name] = nil }
        }
        address = next
    }

    private static func invalid(_ message: String) -> ToolFailure {
        ToolFailure(.invalidInput, code: "input_invalid", message)
    }
}
