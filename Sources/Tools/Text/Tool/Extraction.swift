import Patterns
import ToolKit

/// Looks for things of fixed forms, line by line, in linear time.
struct Extraction {
    static let kinds = ["emails", "urls", "dates", "amounts", "phones"]

    private(set) var items: [ExtractedItem] = []
    private let patterns: [(kind: String, pattern: Pattern)]
    private let dayFirst: Bool?
    private var budget = Pattern.Budget()

    /// Finds of one kind in one line.
    private static let mostInLine = 1_000

    private static let months = [
        "january|januar|jänner|janvier|enero|jan", "february|februar|février|febrero|feb",
        "march|märz|mars|marzo|mar|mrz", "april|avril|abril|apr", "may|mai|mayo", "june|juni|juin|junio|jun",
        "july|juli|juillet|julio|jul", "august|août|agosto|aug", "september|septembre|septiembre|sept|sep",
        "october|oktober|octobre|octubre|oct|okt", "november|novembre|noviembre|nov",
        "december|dezember|décembre|diciembre|dec|dez",
    ]

    private static let currencies = [
        "€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "us$": "USD", "chf": "CHF", "eur": "EUR",
        "usd": "USD", "gbp": "GBP", "jpy": "JPY", "cny": "CNY", "inr": "INR", "sek": "SEK", "nok": "NOK", "dkk": "DKK",
        "pln": "PLN", "czk": "CZK", "huf": "HUF", "cad": "CAD", "aud": "AUD", "brl": "BRL", "euro": "EUR",
        "euros": "EUR", "dollars": "USD",
    ]

    init(kinds: [String], dayFirst: Bool?) throws(ToolFailure) {
        self.dayFirst = dayFirst
        let number = #"[+-]?\d{1,3}(?:[.,'\#u{A0}]\d{3})*(?:[.,]\d{1,2})?|[+-]?\d+(?:[.,]\d{1,2})?"#
        let words = "EUR|USD|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|CZK|HUF|CAD|AUD|BRL|Euros?|Dollars"
        let month = Self.months.joined(separator: "|")
        let forms: [(String, String)] = [
            ("emails", #"\b[a-z0-9][a-z0-9._%+'-]*@[a-z0-9][a-z0-9.-]*\.[a-z]{2,24}\b"#),
            ("urls", #"\b(?:https?://|www\.)[^\s<>"']{2,}"#),
            ("dates", #"\b(\d{4})-(\d{2})-(\d{2})\b"#), ("dates", #"\b(\d{1,2})([./])(\d{1,2})[./](\d{4})\b"#),
            ("dates", #"\b(\d{1,2})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?(\#(month))\.?,?\s+(\d{4})\b"#),
            ("dates", #"\b(\#(month))\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b"#),
            ("amounts", #"(US\$|[€$£¥₹]|\b(?:\#(words))\b)\s?(\#(number))"#),
            ("amounts", #"(\#(number))\s?([€$£¥₹]|(?:\#(words))\b)"#),
            ("phones", #"(?:\+|\b00)\d{1,3}[\s./-]?(?:\(\d{1,5}\)[\s./-]?)?\d(?:[\s./-]?\d){5,12}\b"#),
        ]
        do {
            patterns = try forms.filter { kinds.contains($0.0) }.map { ($0.0, try Pattern($0.1, ignoringCase: true)) }
        } catch {
            throw ToolFailure(.permanent, code: "extraction_failed", "\(error)")
        }
    }

    mutating func read(_ line: [Unicode.Scalar], line number: Int) throws(ToolFailure) {
        var taken: [String: [Range<Int>]] = [:]
        var found: [(Int, ExtractedItem)] = []
        for (kind, pattern) in patterns {
            let matches: [Pattern.Match]
            do {
                matches = try pattern.matches(in: line, limit: Self.mostInLine, budget: &budget)
            } catch {
                throw ToolFailure(.invalidInput, code: "text_too_large", "\(error).")
            }
            for match in matches where !(taken[kind] ?? []).contains(where: { $0.overlaps(match.range) }) {
                guard var item = item(kind, match, line) else { continue }
                taken[kind, default: []].append(match.range)
                (item.line, item.column) = (number, match.range.lowerBound + 1)
                found.append((match.range.lowerBound, item))
            }
        }
        items += found.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private func item(_ kind: String, _ match: Pattern.Match, _ line: [Unicode.Scalar]) -> ExtractedItem? {
        let text = Self.text(line[match.range])
        let groups = match.groups.map { $0.map { Self.text(line[$0]) } ?? "" }
        var item = ExtractedItem(kind: String(kind.dropLast()), text: text, value: text, line: 0, column: 0)
        switch kind {
        case "emails":
            // RFC 5321, section 4.5.3.1.
            guard !text.contains(".."), !text.contains(".@"), text.utf8.count <= 254 else { return nil }
            item.value = text.lowercased()
        case "urls":
            item.text = Self.trimmedAddress(text)
            item.value = item.text.lowercased().hasPrefix("www.") ? "https://\(item.text)" : item.text
        case "dates":
            guard let date = date(groups) else { return nil }
            item.value = date.value
            item.ambiguous = date.isAmbiguous ? true : nil
        case "amounts":
            let isBefore = groups[0].unicodeScalars.contains {
                "€$£¥₹".unicodeScalars.contains($0) || $0.properties.isAlphabetic
            }
            guard let value = Self.decimal(groups[isBefore ? 1 : 0]) else { return nil }
            item.value = value
            item.currency = Self.currencies[groups[isBefore ? 0 : 1].lowercased()]
        default:
            let digits = text.filter { $0.isASCII && $0.isNumber }
            item.value = "+" + (text.hasPrefix("00") ? digits.dropFirst(2) : digits[...])
        }
        return item
    }

    private func date(_ groups: [String]) -> (value: String, isAmbiguous: Bool)? {
        if groups.count == 4, let first = Int(groups[0]), let second = Int(groups[2]), let year = Int(groups[3]) {
            // With dots the day comes first everywhere.
            if groups[1] == "." { return Self.iso(year, second, first).map { ($0, false) } }
            let isAmbiguous = first <= 12 && second <= 12 && first != second
            let isDayFirst = dayFirst ?? (first > 12)
            return (isDayFirst ? Self.iso(year, second, first) : Self.iso(year, first, second)).map {
                ($0, isAmbiguous && dayFirst == nil)
            }
        }
        guard groups.count == 3 else { return nil }
        if let year = Int(groups[0]), groups[0].count == 4, let month = Int(groups[1]), let day = Int(groups[2]) {
            return Self.iso(year, month, day).map { ($0, false) }
        }
        let isNamedFirst = Int(groups[0]) == nil
        guard let month = Self.month(groups[isNamedFirst ? 0 : 1]), let day = Int(groups[isNamedFirst ? 1 : 0]),
            let year = Int(groups[2])
        else { return nil }
        return Self.iso(year, month, day).map { ($0, false) }
    }

    private static func month(_ name: String) -> Int? {
        let name = name.lowercased()
        return months.firstIndex { $0.split(separator: "|").contains { $0 == name } }.map { $0 + 1 }
    }

    private static func iso(_ year: Int, _ month: Int, _ day: Int) -> String? {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1000...9999).contains(year), (1...12).contains(month), (1...lengths[month - 1]).contains(day) else {
            return nil
        }
        return "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
    }

    /// `1.234,56`, `1,234.56`, `1'234.50`: the last mark with one or two digits behind it parts the decimals.
    private static func decimal(_ text: String) -> String? {
        var digits = ""
        let marks = text.indices.filter { ".,".contains(text[$0]) }
        let decimalMark = marks.last.flatMap { mark in
            text[text.index(after: mark)...].count <= 2 ? mark : nil
        }
        for index in text.indices {
            if text[index].isNumber || index == text.startIndex && text[index] == "-" { digits.append(text[index]) }
            if index == decimalMark { digits.append(".") }
        }
        return Double(digits) == nil ? nil : digits
    }

    /// Marks that end a sentence, and brackets that the address did not open, are not of it.
    private static func trimmedAddress(_ text: String) -> String {
        var text = text[...]
        while let last = text.last {
            let isLoose = last == ")" && text.count { $0 == ")" } > text.count { $0 == "(" }
            guard ".,;:!?]}".contains(last) || isLoose else { break }
            text.removeLast()
        }
        return String(text)
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        String(String.UnicodeScalarView(scalars))
    }
}
