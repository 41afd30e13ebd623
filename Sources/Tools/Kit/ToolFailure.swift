/// Why a call failed, in words for an operator, and what the platform may do next.
package struct ToolFailure: Error, Sendable, Hashable, Codable, CustomStringConvertible {
    package enum Kind: String, Sendable, Hashable, Codable {
        /// Worth another attempt: a far end away, a time-out before anything was sent.
        case transient
        /// The same call would fail again.
        case permanent
        /// The input is at fault; the graph or the model must change it.
        case invalidInput = "invalid_input"
        /// The effect may or may not have happened; a person or a reconciliation decides.
        case unknownOutcome = "unknown_outcome"
    }

    package var kind: Kind
    /// Stable, snake_case: `smtp_rejected`.
    package var code: String
    /// What happened and what to do about it. No secrets.
    package var message: String

    package init(_ kind: Kind, code: String, _ message: String) {
        self.kind = kind
        self.code = code
        self.message = message
    }

    package var description: String { "\(code): \(message)" }
}

extension ToolFailure {
    /// A program of the call was killed for memory, and the tool lived to tell of it: to try again would do the same.
    package static func outOfMemory(_ failure: ToolFailure) -> ToolFailure {
        ToolFailure(
            .permanent, code: "oom",
            "The persona's sandbox ran out of memory during the call, and a program in it was ended: \(failure.message)"
        )
    }
}
