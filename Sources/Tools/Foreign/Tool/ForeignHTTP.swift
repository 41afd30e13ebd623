import Domain
import ForeignContracts
import FoundationEssentials
import HTTPClient
import ToolKit

/// Requests to foreign servers, through the call's way out alone.
final class ForeignHTTP: Sendable {
    /// Bytes of an answer that a call hands on; the frame holds twice as much.
    static let mostBytes = 6 * 1024 * 1024
    /// Characters of a refusal that are told.
    private static let toldOfRefusal = 500

    func call(_ operation: HTTPOperation, _ input: JSONValue, isRead: Bool, in context: ToolContext) async throws
        -> JSONValue
    {
        var request = try OperationRequest(operation, input).request { try context.secret($0).reveal() }
        if !isRead { request.headers.append("Idempotency-Key", context.effectKey) }
        let response = try await send(request, in: context)
        let body = Self.body(response)
        guard (200..<300).contains(response.status) else { throw Self.refusal(response, body) }
        return [
            "status": .int(Int64(response.status)), "body": body,
            "media_type": response.headers["Content-Type"].map { .string($0) } ?? .null,
        ]
    }

    func send(_ request: HTTPRequest, in context: ToolContext) async throws -> HTTPResponse {
        var request = request
        request.proxy = context.proxy.map { "http://\($0)" }
        let left = context.deadline - .now
        request.limits = HTTPLimits(total: left > .zero ? left : .milliseconds(1), responseBytes: Self.mostBytes)
        do {
            let client = try HTTPClient()
            defer { Task { await client.shutdown() } }
            return try await client.send(request)
        } catch let error as HTTPClientError {
            throw Self.failure(error)
        }
    }

    private static func failure(_ error: HTTPClientError) -> ToolFailure {
        switch error.code {
        case .proxyRefused:
            ToolFailure(
                .permanent, code: "egress_refused",
                "The persona's way out refuses this server; an administrator lists it. \(error)")
        case .invalidRequest: ToolFailure(.permanent, code: "input_invalid", "\(error)")
        case .nameNotResolved, .connectionFailed, .tlsFailed, .proxyFailed:
            ToolFailure(.transient, code: "not_reached", "The server could not be reached: \(error)")
        default: ToolFailure(.transient, code: "no_answer", "The server did not answer properly: \(error)")
        }
    }

    private static func body(_ response: HTTPResponse) -> JSONValue {
        if response.body.isEmpty { return .null }
        let type = response.headers["Content-Type"]?.lowercased() ?? ""
        // What says that it is JSON and is none is handed on as text.
        if type.contains("json"), let value = try? JSONValue(parsing: response.body) { return value }
        return .string(String(decoding: response.body, as: UTF8.self))
    }

    private static func refusal(_ response: HTTPResponse, _ body: JSONValue) -> ToolFailure {
        // A body that was read as JSON can be written as such.
        let text = body.string ?? (try? body.canonicalBytes()).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let words = "The server answered \(response.status): \(text.prefix(toldOfRefusal))"
        switch response.status {
        case 429, 503:
            let when = response.headers["Retry-After"].map { " It may be tried again after \($0)." } ?? ""
            return ToolFailure(.transient, code: "rate_limited_there", words + when)
        case 300..<500: return ToolFailure(.permanent, code: "http_refused", words)
        default: return ToolFailure(.transient, code: "http_failed", words)
        }
    }
}

/// A request out of an operation and its input.
struct OperationRequest {
    private let operation: HTTPOperation
    private let input: JSONValue

    init(_ operation: HTTPOperation, _ input: JSONValue) {
        self.operation = operation
        self.input = input
    }

    func request(secret: (String) throws -> String) throws -> HTTPRequest {
        var path = operation.path
        var query: [String] = []
        var headers = HTTPHeaders()
        var cookies: [String] = []
        for parameter in operation.parameters {
            guard let value = input[parameter.member], value != .null else { continue }
            let texts = Self.texts(value)
            switch parameter.location {
            case .path:
                path = path.replacing("{\(parameter.name)}", with: Self.escaped(texts.joined(separator: ",")))
            case .query:
                let values = parameter.explodes ? texts : [texts.joined(separator: ",")]
                query += values.map { "\(Self.escaped(parameter.name))=\(Self.escaped($0))" }
            case .header:
                // Names that the platform sets itself, or that would smuggle another request.
                guard !["host", "content-length", "transfer-encoding"].contains(parameter.name.lowercased()) else {
                    continue
                }
                headers.append(parameter.name, try Self.line(texts.joined(separator: ",")))
            case .cookie: cookies.append("\(parameter.name)=\(Self.escaped(texts.joined(separator: ",")))")
            }
        }
        guard !path.contains("{") else {
            throw ToolFailure(
                .invalidInput, code: "input_invalid", "A part of the path '\(operation.path)' is missing.")
        }
        for placement in operation.secrets {
            let value = try Self.line(placement.prefix + secret(placement.secret))
            switch placement.location {
            case .header: headers.append(placement.name, value)
            case .query: query.append("\(Self.escaped(placement.name))=\(Self.escaped(value))")
            case .cookie: cookies.append("\(placement.name)=\(value)")
            }
        }
        if !cookies.isEmpty { headers.append("Cookie", cookies.joined(separator: "; ")) }
        headers.append("Accept", "application/json, */*;q=0.5")
        let body = try body(&headers)
        let address = operation.base + path + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        return HTTPRequest(operation.method, address, headers: headers, body: body)
    }

    private func body(_ headers: inout HTTPHeaders) throws -> [UInt8]? {
        guard let type = operation.mediaType, let body = input["body"] else { return nil }
        headers.append("Content-Type", type)
        if type.contains("json") { return Array(try body.canonicalBytes()) }
        if type == "application/x-www-form-urlencoded", let members = body.object {
            let pairs = members.sorted { $0.key < $1.key }.flatMap { name, value in
                Self.texts(value).map { "\(Self.escaped(name))=\(Self.escaped($0))" }
            }
            return Array(pairs.joined(separator: "&").utf8)
        }
        guard let text = body.string else {
            throw ToolFailure(.invalidInput, code: "input_invalid", "The body of \(type) has to be a text.")
        }
        return Array(text.utf8)
    }

    private static func texts(_ value: JSONValue) -> [String] {
        switch value {
        case .string(let text): [text]
        case .array(let items): items.flatMap(texts)
        case .null: []
        // Numbers that are none have been refused with the input.
        default: [(try? value.canonicalBytes()).map { String(decoding: $0, as: UTF8.self) } ?? ""]
        }
    }

    /// Percent-encoded but for the unreserved characters (RFC 3986, 2.3), so that no value leaves its part of the URL.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += byte < 16 ? "%0\(digits)" : "%\(digits)"
            }
        }
        // `.` and `..` alone would be steps of the path.
        return escaped == "." ? "%2E" : escaped == ".." ? "%2E%2E" : escaped
    }

    private static func line(_ text: String) throws -> String {
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw ToolFailure(
                .invalidInput, code: "input_invalid", "A header's value has a line break or control character.")
        }
        return text
    }
}
