import Crypto
package import Domain
package import FoundationEssentials
package import HTTPTypes
package import Hummingbird
package import Logging

/// One request on its way to a handler: authenticated, its body checked against the endpoint's schema.
package struct Call: Sendable {
    package let id: String
    package let trace: TraceContext
    /// Present unless the endpoint is anonymous.
    package let caller: Caller?
    package let parameters: [String: String]
    package let query: [String: String]
    package let headers: HTTPFields
    package let body: JSONValue
    /// The unread body of an endpoint that takes raw bytes.
    package let content: RequestBody
    package let logger: Logger
    /// Of a POST that is not anonymous.
    package let idempotencyKey: String?
    let idempotency: any IdempotencyKeeper
    /// Operation, path and query: what a key is bound to beside the body.
    let place: String

    /// Answers once for an Idempotency-Key and `content`. The router does this for JSON bodies; the handler of a raw
    /// body does it as soon as it knows the content's hash.
    package func once(_ content: [UInt8], answer: @Sendable () async throws -> Reply) async throws -> Reply {
        guard let idempotencyKey, let caller else { return try await answer() }
        return try await idempotency.once(
            key: idempotencyKey, caller: caller, fingerprint: Array("\(place)\n".utf8) + content, answer: answer)
    }

    /// An id for what this request makes: a repeat with the same Idempotency-Key and body gets the same one, so that it
    /// names what the first may have made without having heard so. Without a key it is new.
    package func madeID<Subject>() throws -> Identifier<Subject> {
        guard let idempotencyKey, let caller else { return .new() }
        var hash = SHA256()
        hash.update(data: Data("\(caller.tenant)\n\(caller.user)\n\(place)\n\(idempotencyKey)\n".utf8))
        hash.update(data: Data(try body.canonicalBytes()))
        var bytes = UUID().uuid
        withUnsafeMutableBytes(of: &bytes) { buffer in
            for (index, byte) in hash.finalize().prefix(buffer.count).enumerated() { buffer[index] = byte }
            // RFC 9562, 5.8: version 8 and the variant's bits.
            buffer[6] = 0x80 | (buffer[6] & 0x0F)
            buffer[8] = 0x80 | (buffer[8] & 0x3F)
        }
        return Identifier(UUID(uuid: bytes))
    }

    /// The caller of an endpoint that is not anonymous.
    package func authenticated() throws -> Caller {
        guard let caller else { throw Problem.unauthenticated }
        return caller
    }

    /// A path parameter as an id; an id that is none names nothing, so it is a 404.
    package func id<Subject>(_ name: String, of what: String) throws -> Identifier<Subject> {
        guard let text = parameters[name], let id = Identifier<Subject>(text) else { throw Problem.notFound(what) }
        return id
    }

    /// The body as a type; the schema has passed it already, so a mismatch is reported as bad input all the same.
    package func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        do {
            return try body.decode(type)
        } catch {
            throw Problem.invalid([SchemaFault(pointer: "", detail: "does not fit")])
        }
    }
}

/// Who is asking, as the token says.
package struct Caller: Sendable, Hashable {
    package enum Role: String, Sendable, Codable {
        case owner, admin, member, auditor
    }

    package let tenant: TenantID
    package let user: UserID
    package let token: TokenID
    package let role: Role
    package let isPlatformAdmin: Bool
    /// Limits an API token below its user's role; empty for no limit.
    package let scopes: Set<String>

    package init(
        tenant: TenantID, user: UserID, token: TokenID, role: Role, isPlatformAdmin: Bool, scopes: Set<String>
    ) {
        self.tenant = tenant
        self.user = user
        self.token = token
        self.role = role
        self.isPlatformAdmin = isPlatformAdmin
        self.scopes = scopes
    }

    /// The audit log's name for this caller.
    package var actor: String { "user:\(user)" }

    package func may(_ access: Endpoint.Access) -> Bool {
        let byRole =
            switch access {
            case .anonymous, .read: true
            case .operate: role != .auditor
            case .administer: role == .owner || role == .admin
            case .audit: role != .member
            case .platform: isPlatformAdmin
            }
        return byRole && (scopes.isEmpty || access == .anonymous || scopes.contains(access.rawValue))
    }
}

/// What a handler answers.
package struct Reply: Sendable {
    package enum Content: Sendable {
        case none
        case json(Data)
        case body(ResponseBody, mediaType: String)
    }

    package var status: HTTPResponse.Status
    package var headers: HTTPFields
    package var content: Content

    package init(_ status: HTTPResponse.Status = .ok, headers: HTTPFields = [:], content: Content = .none) {
        self.status = status
        self.headers = headers
        self.content = content
    }

    package static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Reply {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(date.timestamp)
        }
        return Reply(status, headers: headers, content: .json(try encoder.encode(value)))
    }
}

extension Date {
    /// RFC 3339 in UTC with milliseconds.
    package var timestamp: String { formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }
}
