/// Dates and times as people type them: year first with hyphens or slashes, month first with slashes, names of months
/// in English, clock times with AM and PM.
enum DateText {
    static let months = [
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ]

    static func parse(_ text: String, _ system: DateSystem) -> Double? {
        let lower = text.lowercased()
        // `2024-01-31T10:00:00Z` as other programs write it.
        let separated = lower.map { $0 == "t" && lower.contains(":") && lower.contains("-") ? " " : $0 }
        let cleaned = lower.contains("-") && isTimestamp(lower) ? String(separated) : lower
        var words = cleaned.split { $0 == " " || $0 == "\t" || $0 == "," }.map(String.init)
        guard !words.isEmpty, words.count <= 6 else { return nil }
        var time = 0.0
        var hasTime = false
        if let index = words.firstIndex(where: {
            $0.contains(":") || isHalf($0) || $0.hasSuffix("am") || $0.hasSuffix("pm")
        }) {
            var clock = words.remove(at: index)
            if index > 0, isHalf(clock) { return nil }
            if index < words.count, isHalf(words[index]) { clock += words.remove(at: index) }
            guard let value = self.time(clock) else { return nil }
            (time, hasTime) = (value, true)
        }
        if words.isEmpty { return hasTime ? time : nil }
        guard let day = day(words), let serial = day.serial(system) else { return nil }
        return serial + time
    }

    private static func isTimestamp(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return bytes.count > 10 && bytes[4] == 45 && bytes[7] == 45 && bytes[10] == 116
    }

    private static func isHalf(_ word: String) -> Bool { ["am", "pm", "a", "p"].contains(word) }

    /// `13:45`, `1:45:30.5 pm`, `5pm`.
    private static func time(_ text: String) -> Double? {
        var body = text.hasSuffix("z") ? String(text.dropLast()) : text
        var half: Bool?
        for (ending, afternoon) in [("am", false), ("pm", true), ("a", false), ("p", true)] where body.hasSuffix(ending)
        {
            body.removeLast(ending.count)
            half = afternoon
            break
        }
        let parts = body.split(separator: ":", omittingEmptySubsequences: false)
        guard (half != nil ? 1...3 : 2...3).contains(parts.count), var hour = number(parts[0], upTo: 9999) else {
            return nil
        }
        let minute = parts.count > 1 ? number(parts[1], upTo: 59) : 0
        var seconds = 0.0
        if parts.count > 2 {
            guard let first = parts[2].first, first.isNumber, let value = Double(parts[2]), value >= 0, value < 60
            else {
                return nil
            }
            seconds = value
        }
        if let half {
            guard (0...12).contains(hour) else { return nil }
            hour = hour % 12 + (half ? 12 : 0)
        }
        guard let minute else { return nil }
        return (Double(hour) * 3600 + Double(minute) * 60 + seconds) / 86_400
    }

    private static func number(_ text: some StringProtocol, upTo limit: Int) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 4, text.utf8.allSatisfy({ (48...57).contains($0) }),
            let value = Int(text), value <= limit
        else { return nil }
        return value
    }

    private static func month(_ word: String) -> Int? {
        guard word.count >= 3 else { return nil }
        return months.firstIndex { $0 == word || (word.count == 3 && $0.hasPrefix(word)) }.map { $0 + 1 }
    }

    private static func day(_ words: [String]) -> CalendarDay? {
        let parts = words.flatMap { $0.split { $0 == "-" || $0 == "/" || $0 == "." }.map(String.init) }
        let separator = words.count == 1 ? words[0].first { !$0.isNumber } : nil
        if words.count == 1, separator == ".", parts.count != 3 { return nil }
        if let place = parts.firstIndex(where: { month($0) != nil }), let named = month(parts[place]) {
            return namedDay(parts, place, named)
        }
        guard words.count == 1, let separator, separator == "-" || separator == "/" else { return nil }
        let numbers = parts.compactMap { number($0, upTo: 9999) }
        guard numbers.count == parts.count, words[0].split(whereSeparator: { $0.isNumber }).count == parts.count - 1
        else { return nil }
        switch numbers.count {
        case 3 where parts[0].count == 4: return valid(numbers[0], numbers[1], numbers[2])
        case 3: return valid(year(numbers[2], parts[2].count), numbers[0], numbers[1])
        case 2 where parts[0].count == 4: return valid(numbers[0], numbers[1], 1)
        case 2 where parts[1].count == 4: return valid(numbers[1], numbers[0], 1)
        default: return nil
        }
    }

    /// `5 Mar 2024`, `March 5 2024`, `5-Mar-24`, `Mar 2024`.
    private static func namedDay(_ parts: [String], _ place: Int, _ month: Int) -> CalendarDay? {
        var others = parts
        others.remove(at: place)
        let numbers = others.compactMap { number($0, upTo: 9999) }
        guard numbers.count == others.count else { return nil }
        switch numbers.count {
        case 2: return valid(year(numbers[1], others[1].count), month, numbers[0])
        case 1 where others[0].count == 4: return valid(numbers[0], month, 1)
        default: return nil
        }
    }

    /// Two digits below 30 are of this century.
    private static func year(_ value: Int, _ digits: Int) -> Int {
        digits > 2 ? value : value < 30 ? 2000 + value : 1900 + value
    }

    private static func valid(_ year: Int, _ month: Int, _ day: Int) -> CalendarDay? {
        guard (1900...9999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
        let leapOf1900 = year == 1900 && month == 2 && day == 29
        guard leapOf1900 || day <= CalendarDay.days(inMonth: month, of: year) else { return nil }
        return CalendarDay(year: year, month: month, day: day)
    }
}
