/// Why a text is no formula.
package struct SyntaxFault: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        case tooLong
        case tooDeep
        case tooManyArguments
        case tooFewArguments
        case unexpected
        case unterminated
        case number
        case array
        case unsupported
    }

    package let kind: Kind
    /// In bytes of the text without its leading `=`.
    package let position: Int
    package let message: String

    package var description: String { "\(message) (at character \(position + 1))" }
}

/// Bounds of one formula, as Excel has them.
package enum SyntaxLimits {
    package static let characters = 8192
    /// Functions and brackets within each other.
    package static let levels = 64
    package static let arguments = 255
    package static let rows = 1_048_576
    package static let columns = 16_384
}
