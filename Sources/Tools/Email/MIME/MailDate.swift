/// A point in time with the writer's offset (RFC 5322 section 3.3, obsolete forms of section 4.3).
package struct MailDate: Sendable, Hashable {
    /// Seconds since 1970-01-01T00:00:00Z.
    package var seconds: Int64
    /// Minutes east of UTC.
    package var offsetMinutes: Int

    package init(seconds: Int64, offsetMinutes: Int = 0) {
        self.seconds = seconds
        self.offsetMinutes = offsetMinutes
    }

    /// Reads `Fri, 21 Nov 1997 09:55:06 -0600` and its obsolete and careless kin. `nil` for what is no date.
    package init?(parsing value: [UInt8]) {
        var tokens = Self.tokens(value)[...]
        if let first = tokens.first, Self.isDayName(first) { tokens = tokens.dropFirst() }
        guard tokens.count >= 3 else { return nil }
        var dayText = tokens[tokens.startIndex]
        var monthText = tokens[tokens.startIndex + 1]
        if Self.month(dayText) != nil { swap(&dayText, &monthText) }
        var rest = tokens.dropFirst(2)
        guard let day = Int(dayText), let month = Self.month(monthText) else { return nil }
        var yearText = rest.removeFirst()
        // asctime order: `Nov 21 09:55:06 1997`.
        if yearText.contains(":"), let last = rest.last, let year = Int(last), year >= 1900 {
            rest = [yearText] + rest.dropLast()
            yearText = last
        }
        guard let year = Self.year(yearText), (1...31).contains(day) else { return nil }
        guard let clock = Self.clock(rest.first), day <= Self.daysIn(month: month, year: year) else { return nil }
        offsetMinutes = Self.offset(rest.dropFirst().first)
        let days = Self.daysSinceEpoch(year: year, month: month, day: day)
        seconds = days * 86_400 + Int64(clock) - Int64(offsetMinutes) * 60
    }

    /// `Fri, 21 Nov 1997 09:55:06 -0600`.
    package var formatted: String {
        let parts = civil()
        let weekday = Self.dayNames[Int(((parts.days % 7) + 11) % 7)]
        let sign = offsetMinutes < 0 ? "-" : "+"
        let minutes = abs(offsetMinutes)
        return
            "\(weekday), \(parts.day) \(Self.monthNames[parts.month - 1]) \(Self.padded(parts.year, 4)) \(parts.clock) \(sign)\(Self.padded(minutes / 60, 2))\(Self.padded(minutes % 60, 2))"
    }

    /// RFC 3339: `1997-11-21T09:55:06-06:00`, `Z` for UTC.
    package var timestamp: String {
        let parts = civil()
        let minutes = abs(offsetMinutes)
        let zone =
            offsetMinutes == 0
            ? "Z" : (offsetMinutes < 0 ? "-" : "+") + "\(Self.padded(minutes / 60, 2)):\(Self.padded(minutes % 60, 2))"
        return
            "\(Self.padded(parts.year, 4))-\(Self.padded(parts.month, 2))-\(Self.padded(parts.day, 2))T\(parts.clock)\(zone)"
    }
}

extension MailDate {
    private static let dayNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let monthNames = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    /// Tokens looked at; a date has seven.
    private static let maximumTokens = 16

    private static func tokens(_ value: [UInt8]) -> [String] {
        var result: [String] = []
        var current: [UInt8] = []
        var depth = 0
        func flush() {
            if !current.isEmpty { result.append(String(decoding: current, as: UTF8.self)) }
            current = []
        }
        for (index, byte) in value.enumerated() where result.count < maximumTokens {
            if byte == ASCII.openParenthesis { depth += 1 }
            // A hyphen parts `21-Nov-1997` but belongs to `-0600`.
            let parts =
                ASCII.isSpace(byte) || byte == ASCII.comma
                || byte == ASCII.hyphen && !current.isEmpty && !current.contains(ASCII.colon) && index + 1 < value.count
            if depth > 0 || parts {
                flush()
            } else {
                current.append(byte)
            }
            if byte == ASCII.closeParenthesis, depth > 0 { depth -= 1 }
        }
        flush()
        return result
    }

    private static func isDayName(_ token: String) -> Bool {
        let lowered = token.asciiLowered
        return dayNames.contains { lowered.hasPrefix($0.asciiLowered) } && Int(token) == nil
    }

    private static func month(_ token: String) -> Int? {
        guard token.utf8.count >= 3 else { return nil }
        let lowered = token.asciiLowered
        return monthNames.firstIndex { lowered.hasPrefix($0.asciiLowered) }.map { $0 + 1 }
    }

    /// Two and three digits as section 4.3 says.
    private static func year(_ token: String) -> Int? {
        guard let value = Int(token), value >= 0, value <= 9999 else { return nil }
        switch token.utf8.count {
        case ...2: return value < 50 ? 2000 + value : 1900 + value
        case 3: return 1900 + value
        default: return value >= 1900 ? value : nil
        }
    }

    /// Seconds of the day; a leap second counts as the second before it.
    private static func clock(_ token: String?) -> Int? {
        guard let token else { return 0 }
        let parts = token.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, let hour = Int(parts[0]), let minute = Int(parts[1]),
            let second = parts.count == 3 ? Int(parts[2]) : 0, (0...23).contains(hour), (0...59).contains(minute),
            (0...60).contains(second)
        else { return nil }
        return hour * 3600 + minute * 60 + min(second, 59)
    }

    private static let zones: [String: Int] = [
        "ut": 0, "gmt": 0, "utc": 0, "z": 0, "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420,
        "mdt": -360, "pst": -480, "pdt": -420, "cet": 60, "cest": 120, "bst": 60, "jst": 540, "msk": 180,
    ]

    /// Unknown zones count as UTC, as section 4.3 says.
    private static func offset(_ token: String?) -> Int {
        guard let token else { return 0 }
        guard let sign = token.utf8.first, sign == 43 || sign == 45 else { return zones[token.asciiLowered] ?? 0 }
        let digits = token.dropFirst().filter { $0 != ":" }
        guard digits.utf8.count == 4, let value = Int(digits), value % 100 < 60, value < 2400 else { return 0 }
        let minutes = value / 100 * 60 + value % 100
        return sign == 45 ? -minutes : minutes
    }

    private static func daysIn(month: Int, year: Int) -> Int {
        if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
        return [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Proleptic Gregorian, counted in 400-year eras that start in March.
    private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return Int64(era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468)
    }

    private func civil() -> (year: Int, month: Int, day: Int, clock: String, days: Int64) {
        // Years 0 to 9999: what the format can write.
        let local = min(max(seconds + Int64(offsetMinutes) * 60, -62_135_596_800), 253_402_300_799)
        let days = local >= 0 ? local / 86_400 : (local - 86_399) / 86_400
        let second = Int(local - days * 86_400)
        let shifted = Int(days) + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        let clock =
            "\(Self.padded(second / 3600, 2)):\(Self.padded(second / 60 % 60, 2)):\(Self.padded(second % 60, 2))"
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day, clock, days)
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
