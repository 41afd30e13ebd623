import Formula

/// A formula whose value is an error, told before anybody opens the file.
package struct FormulaFault: Codable, Sendable, Hashable {
    /// More of them are one mistake, filled down.
    static let most = 100

    package var sheet: String
    package var cell: String
    package var formula: String
    /// `#DIV/0!`
    package var error: String
    package var reason: String

    init(_ report: FormulaReport) {
        sheet = report.sheet
        cell = report.cell
        formula = report.formula
        error = report.error.text
        reason = report.reason
    }
}
