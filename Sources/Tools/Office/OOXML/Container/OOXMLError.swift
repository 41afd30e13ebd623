/// Why a document could not be written.
package struct OOXMLError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Stable, snake_case: `formula_invalid`, `image_invalid`, `archive`.
    package var code: String
    package var message: String

    package init(_ code: String, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code): \(message)" }
}
