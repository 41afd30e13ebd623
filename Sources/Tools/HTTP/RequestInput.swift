package import Domain
import FoundationEssentials
import HTTPClient
import ToolKit
import Workspaces

/// A request as a model writes it.
package struct RequestInput: Codable, Sendable {
    package struct Part: Codable, Sendable {
        package var name: String
        package var text: String?
        /// A file of the workspace.
        package var path: String?
        package var mediaType: String?

        enum CodingKeys: String, CodingKey {
            case name, text, path
            case mediaType = "media_type"
        }
    }

    package var url: String
    package var method: String?
    /// Members of the query, added to the address.
    package var query: [String: JSONValue]?
    package var headers: [String: String]?
    /// Header names to names of secrets: the values are put in here, where no model sees them.
    package var secretHeaders: [String: SecretHeader]?
    package var json: JSONValue?
    package var form: [String: String]?
    package var multipart: [Part]?
    package var text: String?
    /// A file of the workspace as the body.
    package var bodyPath: String?
    /// Of `text` and `body_path`.
    package var contentType: String?
    /// A file for the answer's body.
    package var saveTo: String?
    package var publish: Bool?
    package var followRedirects: Bool?
    package var timeoutSeconds: Int?
    package var maxBytes: Int?

    /// A secret's name, and what stands before its value: `Bearer `.
    package struct SecretHeader: Codable, Sendable, Hashable {
        package var secret: String
        package var prefix: String?
    }

    enum CodingKeys: String, CodingKey {
        case url, method, query, headers, json, form, multipart, text, publish
        case secretHeaders = "secret_headers"
        case bodyPath = "body_path"
        case contentType = "content_type"
        case saveTo = "save_to"
        case followRedirects = "follow_redirects"
        case timeoutSeconds = "timeout_seconds"
        case maxBytes = "max_bytes"
    }
}

/// Bounds of a request.
package enum WebLimit {
    package static let callSeconds = 120
    /// Bytes of a request's body, which is held in memory.
    package static let requestBytes = 25 * 1024 * 1024
    /// Bytes of an answer in the tool's output.
    package static let shownBytes = 1024 * 1024
    package static let usualShownBytes = 200 * 1024
    /// Bytes of an answer that goes to a file, once decompressed.
    package static let savedBytes = 512 * 1024 * 1024
    package static let redirects = 5
    package static let headers = 50
    /// Bytes of one header's value.
    package static let headerBytes = 8_192
    /// Silence of the far end after which the request is given up.
    package static let idle = Duration.seconds(30)
}

/// The body and its type.
struct RequestBody {
    var bytes: [UInt8]?
    var type: String?

    /// Exactly one of the kinds of body, or none. `boundary` separates parts.
    init(_ input: RequestInput, in workspace: Workspace, boundary: String) throws {
        let given = [
            input.json != nil, input.form != nil, input.multipart != nil, input.text != nil, input.bodyPath != nil,
        ].count { $0 }
        guard given <= 1 else {
            throw Self.invalid("Give at most one of 'json', 'form', 'multipart', 'text' and 'body_path'.")
        }
        if let json = input.json {
            bytes = Array(try json.canonicalBytes())
            type = input.contentType ?? "application/json"
        } else if let form = input.form {
            let pairs = form.sorted { $0.key < $1.key }.map { "\(Self.escaped($0.key))=\(Self.escaped($0.value))" }
            bytes = Array(pairs.joined(separator: "&").utf8)
            type = "application/x-www-form-urlencoded"
        } else if let parts = input.multipart {
            bytes = try Self.multipart(parts, in: workspace, boundary: boundary)
            type = "multipart/form-data; boundary=\(boundary)"
        } else if let text = input.text {
            bytes = Array(text.utf8)
            type = input.contentType ?? "text/plain; charset=utf-8"
        } else if let path = input.bodyPath {
            bytes = try workspace.read(try WorkspacePath(path), limit: WebLimit.requestBytes)
            type = input.contentType ?? "application/octet-stream"
        }
        guard (bytes?.count ?? 0) <= WebLimit.requestBytes else {
            throw Self.invalid("The body has more than \(WebLimit.requestBytes) bytes.")
        }
    }

    /// RFC 7578; a name's quotes and line ends are escaped as browsers do (WHATWG HTML, section 4.10.21.8).
    private static func multipart(_ parts: [RequestInput.Part], in workspace: Workspace, boundary: String) throws
        -> [UInt8]
    {
        guard (1...100).contains(parts.count) else { throw invalid("'multipart' has from 1 to 100 parts.") }
        var bytes: [UInt8] = []
        for part in parts {
            guard (part.text != nil) != (part.path != nil) else {
                throw invalid("The part '\(part.name.prefix(40))' needs either 'text' or 'path'.")
            }
            var head = "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(quoted(part.name))\""
            let content: [UInt8]
            if let text = part.path {
                let path = try WorkspacePath(text)
                content = try workspace.read(path, limit: WebLimit.requestBytes)
                head +=
                    "; filename=\"\(quoted(path.name))\"\r\nContent-Type: \(part.mediaType ?? "application/octet-stream")"
            } else {
                content = Array((part.text ?? "").utf8)
                if let type = part.mediaType { head += "\r\nContent-Type: \(type)" }
            }
            guard part.mediaType.map({ $0.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } }) ?? true else {
                throw invalid("A 'media_type' has a control character.")
            }
            bytes += Array("\(head)\r\n\r\n".utf8) + content + [13, 10]
            guard bytes.count <= WebLimit.requestBytes else {
                throw invalid("The parts have more than \(WebLimit.requestBytes) bytes together.")
            }
        }
        return bytes + Array("--\(boundary)--\r\n".utf8)
    }

    private static func quoted(_ name: String) -> String {
        name.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "%22"
            case "\r": "%0D"
            case "\n": "%0A"
            default: String(Character(scalar))
            }
        }.joined()
    }

    /// As in forms (WHATWG URL, section 5.2), blanks as `%20`.
    static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            let isPlain =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-._~".utf8.contains(byte)
            bytes += isPlain ? [byte] : [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func invalid(_ message: String) -> ToolFailure {
        ToolFailure(.invalidInput, code: "input_invalid", message)
    }
}
