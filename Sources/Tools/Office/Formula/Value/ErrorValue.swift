/// An error that a cell can hold (ECMA-376 part 1, section 18.17.3, and the two that dynamic arrays added).
package enum ErrorValue: UInt8, Error, Sendable, Hashable, CaseIterable {
    case null = 1
    case division = 2
    case value = 3
    case reference = 4
    case name = 5
    case number = 6
    case notAvailable = 7
    case spill = 9
    case calculation = 14

    package var text: String {
        switch self {
        case .null: "#NULL!"
        case .division: "#DIV/0!"
        case .value: "#VALUE!"
        case .reference: "#REF!"
        case .name: "#NAME?"
        case .number: "#NUM!"
        case .notAvailable: "#N/A"
        case .spill: "#SPILL!"
        case .calculation: "#CALC!"
        }
    }

    package init?(_ text: String) {
        let upper = text.uppercased()
        guard let found = Self.allCases.first(where: { $0.text == upper }) else { return nil }
        self = found
    }

    /// What it means where nothing more is known.
    package var meaning: String {
        switch self {
        case .null: "The ranges have no cell in common."
        case .division: "The divisor is zero or empty."
        case .value: "A value has the wrong type."
        case .reference: "The reference leads nowhere."
        case .name: "A name is not known."
        case .number: "The number is outside of what the function or a cell can hold."
        case .notAvailable: "The value is not there."
        case .spill: "The result has no room."
        case .calculation: "The result is empty or cannot be computed."
        }
    }
}

/// Why the evaluation of one formula ended early.
enum Stop: Error {
    case error(ErrorValue)
    /// A cell that it needs has no value yet; the evaluation knows which.
    case pending
    /// The bound on work is reached.
    case exhausted
}
