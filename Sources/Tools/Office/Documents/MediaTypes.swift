import Reading

/// Media types of what these tools write, by ending.
enum MediaTypes {
    static func of(_ ending: String) -> String {
        switch ending {
        case "txt": "text/plain"
        case "png": "image/png"
        case "mp4": "video/mp4"
        case "srt": "application/x-subrip"
        case "vtt": "text/vtt"
        default: ReadDocument.Kind(rawValue: ending)?.mediaType ?? "application/octet-stream"
        }
    }
}

extension String {
    /// What follows the last point of a file's name, lower case; empty where there is none.
    var ending: String {
        let name = split(separator: "/").last ?? ""
        guard let point = name.lastIndex(of: "."), point != name.startIndex else { return "" }
        return name[name.index(after: point)...].lowercased()
    }
}
