/// A condition of COUNTIF and its like: `5`, `">=5"`, `"<>x"`, `"a*"`.
struct Criterion: Sendable {
    private enum Wanted: Sendable {
        case number(Double)
        case text(Wildcard)
        case boolean(Bool)
        case error(ErrorValue)
        /// `"="` and `"<>"`: nothing at all.
        case blank
        /// `""`: nothing, or a text without characters.
        case empty
    }

    private let comparison: Operator
    private let wanted: Wanted
    private let system: DateSystem

    init(_ value: CellValue, _ system: DateSystem) {
        self.system = system
        switch value {
        case .number(let number): (comparison, wanted) = (.equal, .number(number))
        case .boolean(let flag): (comparison, wanted) = (.equal, .boolean(flag))
        case .error(let error): (comparison, wanted) = (.equal, .error(error))
        // A criterion that is an empty cell counts as 0.
        case .blank: (comparison, wanted) = (.equal, .number(0))
        case .text(let text):
            let (found, rest) = Self.split(text)
            comparison = found ?? .equal
            if rest.isEmpty {
                wanted = found == nil ? .empty : .blank
            } else if let error = ErrorValue(rest) {
                wanted = .error(error)
            } else if let number = NumberText.parse(rest, system) {
                wanted = .number(number)
            } else if rest.uppercased() == "TRUE" || rest.uppercased() == "FALSE" {
                wanted = .boolean(rest.uppercased() == "TRUE")
            } else {
                wanted = .text(Wildcard(rest))
            }
        }
    }

    private static func split(_ text: String) -> (Operator?, String) {
        let operators: [(String, Operator)] = [
            ("<>", .notEqual), ("<=", .lessOrEqual), (">=", .greaterOrEqual), ("=", .equal), ("<", .less),
            (">", .greater),
        ]
        for (sign, symbol) in operators where text.hasPrefix(sign) {
            return (symbol, String(text.dropFirst(sign.count)))
        }
        return (nil, text)
    }

    /// The value that a cell must equal, where nothing else fits.
    var exact: CellValue? {
        guard comparison == .equal else { return nil }
        switch wanted {
        case .text(let wildcard): return wildcard.isPattern ? nil : .text(wildcard.plain)
        // Texts that read as the number fit too.
        case .number, .error, .blank, .empty: return nil
        case .boolean(let flag): return .boolean(flag)
        }
    }

    /// The number that a cell must equal, as a number or as a text that reads so.
    var exactNumber: Double? {
        guard comparison == .equal, case .number(let number) = wanted else { return nil }
        return number
    }

    /// Whether blank cells fit: they need not be stored then.
    var fitsBlank: Bool { fits(.blank) }

    func fits(_ value: CellValue) -> Bool {
        switch wanted {
        case .number(let number): return fits(value, number)
        case .text(let wildcard): return fits(value, wildcard)
        case .boolean(let flag):
            guard case .boolean(let found) = value else { return comparison == .notEqual }
            return holds(found == flag ? 0 : found ? 1 : -1)
        case .error(let error):
            guard case .error(let found) = value else { return comparison == .notEqual }
            return comparison == .equal ? found == error : comparison == .notEqual && found != error
        case .blank: return value.isBlank == (comparison == .equal) && (comparison == .equal || comparison == .notEqual)
        case .empty: return value.isBlank || value == .text("")
        }
    }

    private func fits(_ value: CellValue, _ number: Double) -> Bool {
        switch value {
        case .number(let found): return holds(Ordering.numbers(found, number))
        case .text(let text) where comparison == .equal || comparison == .notEqual:
            guard let first = text.utf8.first, first < 65, let found = NumberText.parse(text, system) else {
                return comparison == .notEqual
            }
            return holds(Ordering.numbers(found, number))
        default: return comparison == .notEqual
        }
    }

    private func fits(_ value: CellValue, _ wildcard: Wildcard) -> Bool {
        guard case .text(let text) = value else { return comparison == .notEqual }
        switch comparison {
        case .equal, .notEqual:
            let isFound = wildcard.isPattern ? wildcard.matches(text) : Ordering.texts(text, wildcard.plain) == 0
            return isFound == (comparison == .equal)
        default: return holds(Ordering.texts(text, wildcard.plain))
        }
    }

    private func holds(_ order: Int) -> Bool {
        switch comparison {
        case .equal: order == 0
        case .notEqual: order != 0
        case .less: order < 0
        case .greater: order > 0
        case .lessOrEqual: order <= 0
        default: order >= 0
        }
    }
}
