/// What went wrong with Redis, in words an operator can act on; never a value that was sent.
package struct RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The address cannot be understood.
        case configuration
        /// No connection could be made, or the last attempt failed moments ago.
        case unavailable
        /// The connection broke; the command may have taken effect.
        case connectionLost
        /// No answer within the time limit; the command may have taken effect.
        case timedOut
        /// Too many commands wait to be sent.
        case overloaded
        /// The server refused; the first word of `message` is Redis's code, such as `WRONGTYPE`.
        case server
        /// The server's answer is not of the expected kind.
        case unexpectedReply
        case closed
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "Redis: \(message)" }

    /// Whether the same command may succeed later without any change.
    package var isTransient: Bool {
        switch code {
        case .unavailable, .connectionLost, .timedOut, .overloaded: true
        case .server: ["LOADING", "BUSY", "TRYAGAIN", "MASTERDOWN", "CLUSTERDOWN"].contains(word)
        case .configuration, .unexpectedReply, .closed: false
        }
    }

    /// Redis's own code, such as `NOGROUP`.
    package var word: String { message.split(separator: " ").first.map(String.init) ?? "" }
}
