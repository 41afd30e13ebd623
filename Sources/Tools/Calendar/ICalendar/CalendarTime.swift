package import Timetables

/// A date or a date with time (RFC 5545, sections 3.3.4 and 3.3.5). Wall times are seconds since 1970 as if in UTC.
package enum CalendarTime: Sendable, Hashable {
    /// Days since 1970.
    case date(Int)
    /// On every wall alike.
    case floating(Int)
    case zoned(Int, zone: String)
    /// Seconds since 1970.
    case utc(Int)

    package var isDate: Bool { if case .date = self { true } else { false } }

    /// What the wall shows, in seconds.
    package var wall: Int {
        switch self {
        case .date(let days): days * 86_400
        case .floating(let wall), .zoned(let wall, _): wall
        case .utc(let instant): instant
        }
    }

    /// The same kind of time with another wall time.
    package func at(_ wall: Int) -> CalendarTime {
        switch self {
        case .date: .date(wall >= 0 ? wall / 86_400 : (wall - 86_399) / 86_400)
        case .floating: .floating(wall)
        case .zoned(_, let zone): .zoned(wall, zone: zone)
        case .utc: .utc(wall)
        }
    }

    /// The moment, where dates and floating times count in `clock`.
    package func instant(in zones: CalendarZones, _ clock: WallClock) -> Int {
        switch self {
        case .date(let days): clock.instant(of: days * 86_400)
        case .floating(let wall): clock.instant(of: wall)
        case .zoned(let wall, let zone): zones.instant(of: wall, zone: zone, default: clock)
        case .utc(let instant): instant
        }
    }

    init(_ line: ContentLine, value: Substring? = nil) throws(CalendarFault) {
        let text = value ?? line.value[...]
        guard let time = Self.parse(text, zone: line.parameters["TZID"]?.first) else {
            throw CalendarFault("'\(text.prefix(40))' is no date of a calendar")
        }
        self = time
    }

    /// `20260301`, `20260301T100000`, `20260301T100000Z`.
    static func parse(_ text: Substring, zone: String?) -> CalendarTime? {
        let bytes = Array(text.utf8)
        func number(_ start: Int, _ count: Int) -> Int? {
            guard start + count <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[start..<(start + count)] {
                guard (48...57).contains(byte) else { return nil }
                value = value * 10 + Int(byte) - 48
            }
            return value
        }
        guard let year = number(0, 4), let month = number(4, 2), let day = number(6, 2),
            let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        if bytes.count == 8 { return .date(date.days) }
        guard bytes.count >= 15, bytes[8] | 0x20 == UInt8(ascii: "t"), let hour = number(9, 2),
            let minute = number(11, 2),
            let second = number(13, 2), hour < 24, minute < 60, second <= 60
        else { return nil }
        let wall = date.days * 86_400 + hour * 3_600 + minute * 60 + min(second, 59)
        if bytes.count == 16, bytes[15] | 0x20 == UInt8(ascii: "z") { return .utc(wall) }
        guard bytes.count == 15 else { return nil }
        return zone.map { .zoned(wall, zone: $0) } ?? .floating(wall)
    }

    package func line(_ name: String) -> ContentLine {
        switch self {
        case .date: ContentLine(name, text, ["VALUE": ["DATE"]])
        case .zoned(_, let zone): ContentLine(name, text, ["TZID": [zone]])
        case .floating, .utc: ContentLine(name, text)
        }
    }

    var text: String {
        let wall = wall
        let days = wall >= 0 ? wall / 86_400 : (wall - 86_399) / 86_400
        let date = CivilDate(days: days)
        let left = wall - days * 86_400
        func padded(_ value: Int, _ count: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, count - digits.count)) + digits
        }
        let day = padded(date.year, 4) + padded(date.month, 2) + padded(date.day, 2)
        if isDate { return day }
        let clock = padded(left / 3_600, 2) + padded(left / 60 % 60, 2) + padded(left % 60, 2)
        if case .utc = self { return "\(day)T\(clock)Z" }
        return "\(day)T\(clock)"
    }

    /// Seconds of `P1DT2H`, `-PT15M`, `P2W` (section 3.3.6).
    package static func duration(_ text: String) -> Int? {
        var rest = text.uppercased().utf8[...]
        let isBack = rest.first == UInt8(ascii: "-")
        if let first = rest.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") { rest.removeFirst() }
        guard rest.popFirst() == UInt8(ascii: "P") else { return nil }
        var seconds = 0
        var isTime = false
        while let byte = rest.first {
            if byte == UInt8(ascii: "T") {
                isTime = true
                rest.removeFirst()
                continue
            }
            let digits = rest.prefix { (48...57).contains($0) }
            guard (1...7).contains(digits.count), let value = Int(String(decoding: digits, as: UTF8.self)) else {
                return nil
            }
            rest = rest.dropFirst(digits.count)
            let units: [UInt8: Int] =
                isTime ? [0x48: 3_600, 0x4D: 60, 0x53: 1] : [0x57: 604_800, 0x44: 86_400]
            guard let unit = rest.popFirst().flatMap({ units[$0] }) else { return nil }
            seconds += value * unit
        }
        return isBack ? -seconds : seconds
    }
}
