/// The engine could not be reached, or refused.
package struct DockerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// HTTP status of the engine's answer; 0 where there was none.
    package var status: Int
    package var message: String

    package init(status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    package var description: String { status == 0 ? message : "\(message) (status \(status))" }
}
