/// Why bytes are not a table.
package struct CSVError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Always `csv_invalid`.
    package let code = "csv_invalid"
    package var message: String

    package init(_ message: String) { self.message = message }

    package var description: String { "\(code): \(message)" }
}

/// Bounds of a table.
package struct CSVLimits: Sendable, Hashable {
    /// Larger files are refused unread.
    package var bytes = 50 * 1024 * 1024
    package var columns = 1_000
    /// Further rows are left out and the table says `truncated`.
    package var rows = 1_000_000

    package init() {}
}
