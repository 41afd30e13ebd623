/// A service that the platform starts itself could not be started, adopted or stopped.
package struct EmbeddedError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// A program or file that the bootstrap installs is absent.
        case missing
        /// Another process holds this data directory.
        case held
        /// A path is too long, unreachable or owned by somebody else.
        case path
        /// The operating system refused a call.
        case system
        /// The service ended before it was ready, or did not become ready in time.
        case notReady = "not_ready"
        /// A user name, address or password that a service cannot hold.
        case invalid
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
