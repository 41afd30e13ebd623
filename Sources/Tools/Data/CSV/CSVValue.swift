/// What the cells of a column are.
package enum CSVType: String, Sendable, Hashable, Codable {
    case text, integer, number, date, boolean

    static func detect(_ text: String, decimalComma: Bool) -> CSVType {
        let trimmed = text.trimmedText
        if let number = CSVNumber.parse(trimmed, decimalComma: decimalComma) {
            if case .integer = number { return .integer }
            return .number
        }
        if CSVDate.parse(trimmed, dayFirst: true) != nil || CSVDate.parse(trimmed, dayFirst: false) != nil {
            return .date
        }
        return CSVValue.truth(trimmed) == nil ? .text : .boolean
    }

    /// The narrowest type that every filled cell has; text where they disagree.
    static func of(_ cells: some Sequence<String>, decimalComma: Bool) -> CSVType {
        var found: CSVType?
        for cell in cells where !CSVValue.isBlank(cell) {
            let type = detect(cell, decimalComma: decimalComma)
            switch (found, type) {
            case (.none, _): found = type
            case (.some(let known), _) where known == type: break
            case (.some(.integer), .number), (.some(.number), .integer): found = .number
            default: return .text
            }
            if found == .text { return .text }
        }
        return found ?? .text
    }
}

/// A cell.
package enum CSVValue: Sendable, Hashable {
    case empty
    case text(String)
    case integer(Int64)
    case number(Double)
    case boolean(Bool)
    /// `YYYY-MM-DD`, or with a time `YYYY-MM-DDTHH:MM:SS`.
    case date(String)

    init(_ text: String, _ type: CSVType, decimalComma: Bool, dayFirst: Bool) {
        let trimmed = text.trimmedText
        if trimmed.isEmpty || type != .text && Self.isBlank(text) {
            self = .empty
            return
        }
        switch type {
        case .text: self = .text(trimmed)
        case .boolean: self = Self.truth(trimmed).map { .boolean($0) } ?? .text(trimmed)
        case .date: self = CSVDate.parse(trimmed, dayFirst: dayFirst).map { .date($0) } ?? .text(trimmed)
        case .integer, .number:
            switch CSVNumber.parse(trimmed, decimalComma: decimalComma) {
            case .integer(let value): self = type == .integer ? .integer(value) : .number(Double(value))
            case .number(let value): self = .number(value)
            case .none: self = .text(trimmed)
            }
        }
    }

    static func isBlank(_ text: String) -> Bool {
        ["", "-", "n/a", "na", "nan", "null", "none", "#n/a"].contains(text.trimmedText.lowercased())
    }

    static func truth(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "ja", "wahr": true
        case "false", "no", "nein", "falsch": false
        default: nil
        }
    }
}

enum CSVNumber {
    case integer(Int64)
    case number(Double)

    /// Optional sign, digits in groups of three or none, decimals, exponent. A leading zero of several digits makes an
    /// identifier (`007`), not a number.
    static func parse(_ text: String, decimalComma: Bool) -> CSVNumber? {
        // Longer runs of digits are identifiers or noise.
        guard !text.isEmpty, text.utf8.count <= 32 else { return nil }
        var body = text.utf8[...]
        var plain: [UInt8] = []
        if let first = body.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            if first == UInt8(ascii: "-") { plain.append(first) }
            body.removeFirst()
        }
        let (comma, stop) = (UInt8(ascii: ","), UInt8(ascii: "."))
        let point = decimalComma ? comma : stop
        let group = decimalComma ? stop : comma
        let whole = body.prefix { $0 != point && $0 | 0x20 != UInt8(ascii: "e") }
        let parts = whole.split(separator: group, omittingEmptySubsequences: false)
        guard let head = parts.first, parts.allSatisfy({ $0.allSatisfy(isDigit) }) else { return nil }
        if parts.count > 1 {
            guard (1...3).contains(head.count), parts.dropFirst().allSatisfy({ $0.count == 3 }) else { return nil }
        }
        let digits = parts.flatMap { Array($0) }
        guard digits.count < 2 || digits[0] != UInt8(ascii: "0") else { return nil }
        plain += digits
        let rest = body[whole.endIndex...]
        if rest.isEmpty {
            guard !digits.isEmpty, let value = Int64(String(decoding: plain, as: UTF8.self)) else { return nil }
            return .integer(value)
        }
        return decimals(rest, point, plain, hasWhole: !digits.isEmpty)
    }

    private static func decimals(
        _ rest: Substring.UTF8View, _ point: UInt8, _ whole: [UInt8], hasWhole: Bool
    ) -> CSVNumber? {
        var rest = rest
        var plain = whole
        if !hasWhole { plain.append(UInt8(ascii: "0")) }
        if rest.first == point {
            rest.removeFirst()
            let digits = rest.prefix(while: isDigit)
            guard !digits.isEmpty || hasWhole else { return nil }
            plain += [UInt8(ascii: ".")] + (digits.isEmpty ? [UInt8(ascii: "0")] : Array(digits))
            rest = rest.dropFirst(digits.count)
        }
        if let mark = rest.first {
            guard mark | 0x20 == UInt8(ascii: "e"), hasWhole else { return nil }
            var exponent = rest.dropFirst()
            if let sign = exponent.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
                exponent = exponent.dropFirst()
            }
            guard (1...3).contains(exponent.count), exponent.allSatisfy(isDigit) else { return nil }
            plain += Array(rest)
        }
        guard let value = Double(String(decoding: plain, as: UTF8.self)), value.isFinite else { return nil }
        return .number(value)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}

enum CSVDate {
    /// ISO 8601 (`2026-03-01`, with a time), `01.03.2026`, `1/3/2026`, `2026/03/01`; as ISO 8601.
    static func parse(_ text: String, dayFirst: Bool) -> String? {
        guard (8...25).contains(text.utf8.count), text.utf8.first.map({ (48...57).contains($0) }) == true else {
            return nil
        }
        let halves = text.split(maxSplits: 1, omittingEmptySubsequences: true) { $0 == "T" || $0 == " " }
        guard let first = halves.first, let date = day(first, dayFirst: dayFirst) else { return nil }
        guard halves.count == 2 else { return date }
        let clock = halves[1].prefix { $0.isNumber || $0 == ":" }
        let tail = halves[1].dropFirst(clock.count)
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
        let isZone = tail.isEmpty || tail == "Z" || tail.hasPrefix("+") || tail.hasPrefix("-") || tail.hasPrefix(".")
        guard (2...3).contains(parts.count), isZone, (0..<24).contains(parts[0]), (0..<60).contains(parts[1]),
            parts.count == 2 || (0..<60).contains(parts[2])
        else { return nil }
        return "\(date)T\(padded(parts[0])):\(padded(parts[1])):\(padded(parts.count == 3 ? parts[2] : 0))"
    }

    /// With slashes the day comes first only where some first number is above 12; dots always put the day first.
    static func isDayFirst(_ cells: some Sequence<String>) -> Bool {
        for cell in cells {
            let parts = cell.trimmedText.split(separator: "/")
            guard parts.count == 3, let first = Int(parts[0]), let second = Int(parts[1]) else { continue }
            if first > 12 { return true }
            if second > 12 { return false }
        }
        return false
    }

    private static func day(_ text: Substring, dayFirst: Bool) -> String? {
        guard let mark = text.first(where: { "-./".contains($0) }) else { return nil }
        let parts = text.split(separator: mark, omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } })
        else { return nil }
        let numbers = parts.compactMap { Int($0) }
        guard numbers.count == 3 else { return nil }
        if parts[0].count == 4 { return valid(numbers[0], numbers[1], numbers[2]) }
        guard parts[2].count == 4, mark != "-" else { return nil }
        return mark == "." || dayFirst
            ? valid(numbers[2], numbers[1], numbers[0]) : valid(numbers[2], numbers[0], numbers[1])
    }

    private static func valid(_ year: Int, _ month: Int, _ day: Int) -> String? {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1000...9999).contains(year), (1...12).contains(month), day >= 1, day <= lengths[month - 1] else {
            return nil
        }
        return "\(year)-\(padded(month))-\(padded(day))"
    }

    private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}

extension String {
    var trimmedText: String {
        var slice = self[...]
        while let first = slice.first, first.isWhitespace { slice.removeFirst() }
        while let last = slice.last, last.isWhitespace { slice.removeLast() }
        return String(slice)
    }
}
