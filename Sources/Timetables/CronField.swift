/// One of the five fields of a cron line: lists, ranges, steps and names (POSIX crontab(5) and Vixie's extensions).
struct CronField: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case minute, hour, dayOfMonth, month, dayOfWeek

        var range: ClosedRange<Int> {
            switch self {
            case .minute: 0...59
            case .hour: 0...23
            case .dayOfMonth: 1...31
            case .month: 1...12
            case .dayOfWeek: 0...7  // 0 and 7 are Sunday
            }
        }

        var name: String {
            switch self {
            case .minute: "minute"
            case .hour: "hour"
            case .dayOfMonth: "day of month"
            case .month: "month"
            case .dayOfWeek: "day of week"
            }
        }

        /// Three-letter names from the first value on.
        var names: [String] {
            switch self {
            case .month: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
            case .dayOfWeek: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
            default: []
            }
        }
    }

    /// Bit n: value n fits.
    private let bits: UInt64
    /// Begins with `*`: of two day fields, one that does leaves the choice to the other.
    let isOpen: Bool

    init(_ text: Substring, _ kind: Kind) throws(CronFault) {
        var bits: UInt64 = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            for value in try Self.values(part, kind) {
                bits |= 1 << UInt64(kind == .dayOfWeek && value == 7 ? 0 : value)
            }
        }
        self.bits = bits
        isOpen = text.hasPrefix("*")
    }

    func contains(_ value: Int) -> Bool { bits >> UInt64(value) & 1 == 1 }

    /// In ascending order.
    var values: [Int] { (0..<60).filter { contains($0) } }

    private static func values(_ part: Substring, _ kind: Kind) throws(CronFault) -> StrideThrough<Int> {
        let pieces = part.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = pieces.first, pieces.count <= 2 else { throw fault(part, kind, "has more than one step") }
        var range = kind.range
        if first != "*" {
            let ends = first.split(separator: "-", omittingEmptySubsequences: false)
            guard ends.count <= 2, let low = ends.first, let high = ends.last else {
                throw fault(part, kind, "is not a range")
            }
            let from = try value(low, kind)
            // "5/10" is read as "5-59/10".
            let to = ends.count == 1 && pieces.count == 2 ? range.upperBound : try value(high, kind)
            guard from <= to else { throw fault(part, kind, "begins after its end") }
            range = from...to
        } else if kind == .dayOfWeek {
            range = 0...6
        }
        guard let step = pieces.dropFirst().first else {
            return stride(from: range.lowerBound, through: range.upperBound, by: 1)
        }
        guard let number = number(step), number > 0, number <= 99 else {
            throw fault(part, kind, "has no step from 1 to 99")
        }
        return stride(from: range.lowerBound, through: range.upperBound, by: number)
    }

    private static func value(_ text: Substring, _ kind: Kind) throws(CronFault) -> Int {
        if let index = kind.names.firstIndex(of: text.lowercased()) {
            return kind == .month ? index + 1 : index
        }
        guard let number = number(text), kind.range.contains(number) else {
            throw fault(text, kind, "is not from \(kind.range.lowerBound) to \(kind.range.upperBound)")
        }
        return number
    }

    /// At most two digits and nothing else.
    private static func number(_ text: Substring) -> Int? {
        guard (1...2).contains(text.utf8.count), text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        return Int(text)
    }

    private static func fault(_ text: Substring, _ kind: Kind, _ detail: String) -> CronFault {
        CronFault(detail: "the \(kind.name) '\(text.prefix(40))' \(detail)")
    }
}

/// Why a text is no cron line, in words for whoever wrote it.
package struct CronFault: Error, Sendable, Hashable {
    package let detail: String
}
