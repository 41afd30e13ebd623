import MIME
package import ToolKit

/// Text out of a file's bytes, and back.
package struct FileText: Sendable {
    package var text: String
    /// The encoding by its name: `utf-8`, `utf-16le`, `windows-1252`, …
    package var encoding: String

    /// Bytes that tell what a file is.
    private static let sample = 8 * 1024

    /// Decodes by byte order mark, by UTF-8's own rules, by the zeros of UTF-16, or as Windows-1252. Throws
    /// `file_binary` for what is no text.
    package init(_ bytes: [UInt8], of path: some CustomStringConvertible) throws(ToolFailure) {
        (encoding, text) = Self.marked(bytes) ?? Self.guessed(bytes)
        guard !text.utf8.prefix(Self.sample).contains(0) else {
            throw ToolFailure(
                .invalidInput, code: "file_binary",
                "'\(path)' is not text: it holds NUL bytes. Read it with encoding 'base64', or with a tool for its kind."
            )
        }
    }

    /// Decodes by a name that the caller gives.
    package init(_ bytes: [UInt8], encoding: String) throws(ToolFailure) {
        guard let text = Charset.decode(bytes, charset: encoding) else { throw Self.unknown(encoding) }
        self.text = text.hasPrefix("\u{FEFF}") ? String(text.unicodeScalars.dropFirst()) : text
        self.encoding = encoding.lowercased()
    }

    private static func marked(_ bytes: [UInt8]) -> (String, String)? {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return ("utf-8", String(decoding: bytes[3...], as: UTF8.self)) }
        let isLittle = bytes.starts(with: [0xFF, 0xFE])
        guard isLittle || bytes.starts(with: [0xFE, 0xFF]) else { return nil }
        return utf16(bytes[2...], isLittle: isLittle)
    }

    private static func guessed(_ bytes: [UInt8]) -> (String, String) {
        let head = bytes.prefix(sample)
        let odd = head.enumerated().count { $0.offset % 2 == 1 && $0.element == 0 }
        let even = head.enumerated().count { $0.offset % 2 == 0 && $0.element == 0 }
        if odd + even > head.count / 3, odd == 0 || even == 0 { return utf16(bytes[...], isLittle: even == 0) }
        if let text = String(validating: bytes, as: UTF8.self) { return ("utf-8", text) }
        return ("windows-1252", Charset.decodeUndeclared(bytes))
    }

    private static func utf16(_ bytes: ArraySlice<UInt8>, isLittle: Bool) -> (String, String) {
        let units = stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2).map { index in
            let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            return isLittle ? second << 8 | first : first << 8 | second
        }
        return (isLittle ? "utf-16le" : "utf-16be", String(decoding: units, as: UTF16.self))
    }

    /// Names that `encode` knows.
    package static let written = ["utf-8", "utf-8-bom", "utf-16le", "windows-1252", "iso-8859-1"]

    /// Bytes of `text`; UTF-16 begins with its byte order mark. Throws where a character has no place in the encoding.
    package static func encode(_ text: String, as encoding: String) throws(ToolFailure) -> [UInt8] {
        switch encoding.lowercased() {
        case "utf-8", "utf8": return Array(text.utf8)
        case "utf-8-bom": return [0xEF, 0xBB, 0xBF] + text.utf8
        case "utf-16", "utf-16le": return [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        case "windows-1252", "iso-8859-1", "latin-1":
            let isLatin = encoding.lowercased() != "windows-1252"
            var bytes: [UInt8] = []
            for scalar in text.unicodeScalars {
                let byte = isLatin ? UInt8(exactly: scalar.value) : windows1252[scalar]
                guard let byte else {
                    throw ToolFailure(
                        .invalidInput, code: "encoding_impossible",
                        "'\(scalar)' has no place in \(encoding); write the file as utf-8.")
                }
                bytes.append(byte)
            }
            return bytes
        default: throw unknown(encoding)
        }
    }

    /// Each character of Windows-1252 and its byte.
    private static let windows1252: [Unicode.Scalar: UInt8] = {
        var table: [Unicode.Scalar: UInt8] = [:]
        for byte in UInt8.min...UInt8.max {
            let text = Charset.decode([byte], charset: "windows-1252") ?? ""
            if let scalar = text.unicodeScalars.first, scalar != "\u{FFFD}" { table[scalar] = byte }
        }
        return table
    }()

    private static func unknown(_ encoding: String) -> ToolFailure {
        ToolFailure(
            .invalidInput, code: "encoding_unknown",
            "The encoding '\(encoding.prefix(40))' is not known; use utf-8, utf-16le, windows-1252 or base64.")
    }
}
