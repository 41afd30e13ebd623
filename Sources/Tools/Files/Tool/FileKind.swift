import FoundationEssentials
import Glibc
import ToolKit
import Workspaces

/// Media types by the ending of a name.
enum FileKind {
    private static let types: [String: String] = [
        "txt": "text/plain", "log": "text/plain", "md": "text/markdown", "csv": "text/csv",
        "tsv": "text/tab-separated-values", "json": "application/json", "jsonl": "application/jsonl",
        "xml": "application/xml", "html": "text/html", "htm": "text/html", "yaml": "application/yaml",
        "yml": "application/yaml", "ics": "text/calendar", "eml": "message/rfc822", "pdf": "application/pdf",
        "zip": "application/zip", "gz": "application/gzip", "png": "image/png", "jpg": "image/jpeg",
        "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp", "svg": "image/svg+xml",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt": "application/vnd.oasis.opendocument.text", "ods": "application/vnd.oasis.opendocument.spreadsheet",
    ]

    static func mediaType(of name: String) -> String {
        guard let dot = name.lastIndex(of: ".") else { return "application/octet-stream" }
        return types[name[name.index(after: dot)...].lowercased()] ?? "application/octet-stream"
    }

    static func file(_ path: WorkspacePath, size: Int) -> WorkspaceFile {
        WorkspaceFile(path: path.description, name: path.name, mediaType: mediaType(of: path.name), size: size)
    }

    static func time(_ seconds: Int) -> String {
        Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
    }
}

/// Answers for inputs that are out of range.
enum InputBound {
    static func check(_ value: Int?, _ range: ClosedRange<Int>, named name: String, default given: Int)
        throws(ToolFailure) -> Int
    {
        guard let value else { return given }
        guard range.contains(value) else {
            throw ToolFailure(
                .invalidInput, code: "input_invalid",
                "'\(name)' must be from \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }
}
