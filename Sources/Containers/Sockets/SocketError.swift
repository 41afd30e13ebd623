import Glibc

/// A local socket, pipe or thread could not be had or used.
package struct SocketError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Stable, snake_case: `connect_failed`.
    package var code: String
    package var message: String

    package init(code: String, _ message: String) {
        self.code = code
        self.message = message
    }

    /// `message` with the words for the current `errno`.
    package static func system(_ code: String, _ message: String, _ number: Int32 = errno) -> SocketError {
        SocketError(code: code, "\(message): \(String(cString: strerror(number)))")
    }

    package var description: String { "\(code): \(message)" }
}
