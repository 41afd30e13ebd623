import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Store

/// The dashboard: files of one folder, read once at start. Only what was found then has a route, so no path of a
/// request ever reaches the file system. `index.html` stands at `/`, everything else below `/dashboard/`.
package enum DashboardFiles {
    /// Bytes of one file and files of the folder: all of them stay in memory.
    static let largestFile = 1024 * 1024
    static let mostFiles = 200

    /// Scripts, styles, pictures and calls from this origin only; nothing inline, no markup made from text, no frames.
    static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
        form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'
        """

    private static let referrerPolicy = HTTPField.Name("Referrer-Policy")

    private static let mediaTypes = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8", "svg": "image/svg+xml", "png": "image/png", "woff2": "font/woff2",
    ]

    /// One endpoint for each file of a known type in `directory` and below. Hidden files, other types and symbolic
    /// links are left out. Throws `DashboardError`.
    package static func endpoints(directory: String) throws(DashboardError) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        for path in try paths(below: directory) {
            guard let mediaType = mediaTypes[path.split(separator: ".").last.map(String.init) ?? ""] else { continue }
            guard endpoints.count < mostFiles else { throw .tooManyFiles(directory) }
            guard let bytes = try bytes(of: directory + "/" + path) else { continue }
            endpoints.append(endpoint(path, mediaType, bytes))
        }
        guard endpoints.contains(where: { $0.path == "/" }) else { throw .noIndex(directory) }
        return endpoints
    }

    private static func paths(below directory: String) throws(DashboardError) -> [String] {
        let files: [String]
        do {
            files = try FileManager.default.subpathsOfDirectory(atPath: directory)
        } catch {
            throw .unreadable(directory)
        }
        return files.sorted().filter { path in
            !path.split(separator: "/").contains { $0.hasPrefix(".") }
        }
    }

    /// The file's bytes; `nil` for what is not a regular file.
    private static func bytes(of path: String) throws(DashboardError) -> [UInt8]? {
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            guard attributes[.type] as? FileAttributeType == .typeRegular else { return nil }
            guard let size = attributes[.size] as? Int, size <= largestFile else {
                throw DashboardError.tooLarge(path)
            }
            return Array(try Data(contentsOf: URL(filePath: path)))
        } catch let error as DashboardError {
            throw error
        } catch {
            throw .unreadable(path)
        }
    }

    private static func endpoint(_ path: String, _ mediaType: String, _ bytes: [UInt8]) -> Endpoint {
        let tag = "\"\(Array(SHA256.hash(data: bytes)).hex)\""
        let content = ByteBuffer(bytes: bytes)
        var headers: HTTPFields = [
            .eTag: tag, .cacheControl: "no-cache", .contentSecurityPolicy: policy, .xContentTypeOptions: "nosniff",
        ]
        if let referrerPolicy { headers[referrerPolicy] = "same-origin" }
        return Endpoint(
            method: .get, path: path == "index.html" ? "/" : "/dashboard/\(path)", name: "dashboard:\(path)",
            tag: "dashboard", summary: "A file of the dashboard.", access: .anonymous,
            answer: .init(.ok, nil, mediaType: mediaType)
        ) { [headers] call in
            if matches(call.headers[.ifNoneMatch], tag) { return Reply(.notModified, headers: headers) }
            return Reply(.ok, headers: headers, content: .body(ResponseBody(byteBuffer: content), mediaType: mediaType))
        }
    }

    /// `If-None-Match` (RFC 9110, 13.1.2): weak comparison with any of its tags.
    static func matches(_ header: String?, _ tag: String) -> Bool {
        guard let header else { return false }
        return header.split(separator: ",").contains { part in
            let text = part.drop { $0 == " " }
            let name = (text.hasPrefix("W/") ? text.dropFirst(2) : text).prefix { $0 != " " }
            return name == "*" || name == tag
        }
    }
}

/// Why the dashboard cannot be served.
package enum DashboardError: Error, Sendable, Hashable, CustomStringConvertible {
    case unreadable(String)
    case tooLarge(String)
    case tooManyFiles(String)
    case noIndex(String)

    package var description: String {
        switch self {
        case .unreadable(let path):
            "The dashboard's '\(path)' cannot be read; set PERSONA_DASHBOARD to the folder 'Dashboard'."
        case .tooLarge(let path): "'\(path)' is larger than \(DashboardFiles.largestFile) bytes."
        case .tooManyFiles(let path): "'\(path)' has more than \(DashboardFiles.mostFiles) files."
        case .noIndex(let path):
            "'\(path)' has no index.html; set PERSONA_DASHBOARD to the folder 'Dashboard'."
        }
    }
}
