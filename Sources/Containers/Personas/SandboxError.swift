/// A sandbox could not be set up or started.
package struct SandboxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Stable, snake_case: `bubblewrap_missing`.
    package var code: String
    /// What happened and what the operator can do.
    package var message: String

    package init(code: String, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code): \(message)" }
}
