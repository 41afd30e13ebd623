import Formula

/// Dates as spreadsheets count them: days since 30 December 1899, valid from 1 March 1900 (the 1900 date system
/// believes in a 29 February 1900).
enum SerialDate {
    /// What formulas take for now where no time is given, so that the same model gives the same bytes: 1 January 2026.
    static let fixedNow = 46_023.0

    /// `YYYY-MM-DD`, or with `T` or a space `HH:MM[:SS[.fff]]` and an optional `Z`. `nil` for anything else.
    static func parse(_ text: String) -> (serial: Double, hasTime: Bool)? {
        var bytes = Array(text.utf8)[...]
        guard let year = digits(&bytes, 4), skip(&bytes, "-"), let month = digits(&bytes, 2), skip(&bytes, "-"),
            let day = digits(&bytes, 2), let days = serial(year: year, month: month, day: day)
        else { return nil }
        if bytes.isEmpty { return (Double(days), false) }
        guard skip(&bytes, "T") || skip(&bytes, " "), let hour = digits(&bytes, 2), skip(&bytes, ":"),
            let minute = digits(&bytes, 2), hour < 24, minute < 60
        else { return nil }
        var second = 0
        if skip(&bytes, ":") {
            guard let value = digits(&bytes, 2), value < 60 else { return nil }
            second = value
        }
        if skip(&bytes, ".") {
            while let byte = bytes.first, (48...57).contains(byte) { bytes.removeFirst() }
        }
        _ = skip(&bytes, "Z")
        guard bytes.isEmpty else { return nil }
        return (Double(days) + Double(hour * 3600 + minute * 60 + second) / 86_400, true)
    }

    static func serial(year: Int, month: Int, day: Int) -> Int? {
        guard (1900...9999).contains(year), (1...12).contains(month), day >= 1, day <= length(month, of: year)
        else { return nil }
        // Days of the civil calendar, counted from 1 March of year 0.
        let shifted = month <= 2 ? year - 1 : year
        let monthIndex = (month + 9) % 12
        let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + (monthIndex * 306 + 5) / 10 + day - 1
        // 30 December 1899 is day 693,899 of that count; 60 would be the 29 February that never was.
        let serial = days - 693_899
        return serial > 60 ? serial : nil
    }

    private static func length(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func digits(_ bytes: inout ArraySlice<UInt8>, _ count: Int) -> Int? {
        guard bytes.count >= count else { return nil }
        var value = 0
        for byte in bytes.prefix(count) {
            guard (48...57).contains(byte) else { return nil }
            value = value * 10 + Int(byte) - 48
        }
        bytes.removeFirst(count)
        return value
    }

    private static func skip(_ bytes: inout ArraySlice<UInt8>, _ character: Character) -> Bool {
        guard let byte = bytes.first, byte == character.asciiValue else { return false }
        bytes.removeFirst()
        return true
    }
}

extension SerialDate {
    /// ISO 8601, with a time where there is one; a time alone as `09:30:00`. `nil`: no day of the calendar.
    static func text(_ serial: Double, _ system: DateSystem) -> String? {
        guard let day = CalendarDay(serial: serial, system) else { return nil }
        var seconds = Int(((serial - serial.rounded(.down)) * 86_400).rounded())
        if seconds == 86_400 { seconds = 86_399 }
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let time = "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
        if serial < 1 { return time }
        let date = "\(day.year)-\(two(day.month))-\(two(day.day))"
        return seconds == 0 ? date : "\(date)T\(time)"
    }
}
