/// Why an archive was refused or could not be written, in words for whoever sent it.
package struct ArchiveFault: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        case invalid = "archive_invalid"
        case encrypted = "archive_encrypted"
        /// Names that lead out, entries that overlap or lie about themselves.
        case unsafe = "archive_unsafe"
        case tooLarge = "archive_too_large"
        case unsupported = "archive_unsupported"
        case failed = "archive_failed"
    }

    package let code: Code
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code.rawValue): \(message)" }
}

/// Bounds of what comes out of one archive, in real bytes, whatever its headers say.
package struct ArchiveLimits: Sendable, Hashable {
    /// Bytes of the archive itself.
    package var archiveBytes = 512 * 1024 * 1024
    package var entries = 10_000
    /// Bytes of one file.
    package var fileBytes = 512 * 1024 * 1024
    /// Bytes of all files.
    package var totalBytes = 1024 * 1024 * 1024
    /// Bytes out for each byte in, counted above `freeBytes`: deflate reaches 1,032, documents reach some 30.
    package var ratio = 200
    /// Bytes that may come out at any ratio.
    package var freeBytes = 16 * 1024 * 1024
    /// Folders inside of folders.
    package var depth = 24
    /// UTF-8 bytes of a name; longer ones are shortened.
    package var nameBytes = 200

    package init() {}
}
