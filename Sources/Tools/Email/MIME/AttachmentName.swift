/// Names that outside content gives to files: shown to people, never used as paths.
package enum AttachmentName {
    /// Characters of a display name; the extension survives the cut.
    package static let maximumLength = 120
    /// Characters of an extension.
    private static let maximumExtension = 10

    /// The last path component without control, bidirectional and path characters; nil where nothing is left.
    package static func display(_ name: String) -> String? {
        let last = name.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? ""
        var kept = String.UnicodeScalarView()
        for scalar in last.unicodeScalars where isShown(scalar) { kept.append(scalar) }
        var text = String(String(kept).singleLine.drop { $0 == "." || $0 == " " })
        while text.hasSuffix(".") || text.hasSuffix(" ") { text.removeLast() }
        guard !text.isEmpty else { return nil }
        guard text.count > maximumLength else { return text }
        let tail = safeExtension(text).map { "." + $0 } ?? ""
        return String(text.prefix(maximumLength - tail.count)) + tail
    }

    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        // Format characters turn `gpj.exe` around; unassigned ones cannot be shown.
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return false
        default: return !":*?\"<>|".unicodeScalars.contains(scalar)
        }
    }

    /// The extension in lower case where it is short ASCII letters and digits.
    package static func safeExtension(_ name: String) -> String? {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
        let tail = name[name.index(after: dot)...].utf8
        guard !tail.isEmpty, tail.count <= maximumExtension,
            tail.allSatisfy({ (97...122).contains(ASCII.lowered($0)) || (48...57).contains($0) })
        else { return nil }
        return String(decoding: tail.map(ASCII.lowered), as: UTF8.self)
    }

    /// For parts without a usable name.
    package static func `extension`(forMediaType type: String) -> String {
        known[type] ?? "bin"
    }

    private static let known: [String: String] = [
        "text/plain": "txt", "text/csv": "csv", "text/html": "html", "text/calendar": "ics", "text/markdown": "md",
        "application/pdf": "pdf", "application/json": "json", "application/xml": "xml", "text/xml": "xml",
        "application/zip": "zip", "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp",
        "message/rfc822": "eml", "application/vnd.ms-excel": "xls", "application/msword": "doc",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
        "audio/mpeg": "mp3", "video/mp4": "mp4", "audio/wav": "wav",
    ]
}
