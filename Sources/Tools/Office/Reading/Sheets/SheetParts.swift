import DocumentModel

/// The texts that cells share (ECMA-376 part 1, section 18.4.9).
final class SharedTexts: XMLHandler {
    /// UTF-8 bytes of all; a workbook with more is a database.
    private static let maximumBytes = 96 * 1024 * 1024

    private(set) var texts: [String] = []
    private var bytes = 0
    private var text = ""
    private var takesText = false
    private var isPhonetic = false
    private(set) var isDone = false

    func start(_ name: String, _ attributes: [String: String]) {
        switch name {
        case "s:si": text = ""
        case "s:rPh": isPhonetic = true
        case "s:t": takesText = !isPhonetic
        default: break
        }
    }

    func end(_ name: String) {
        switch name {
        case "s:t": takesText = false
        case "s:rPh": isPhonetic = false
        case "s:si":
            bytes += text.utf8.count + 40
            if bytes > Self.maximumBytes { isDone = true } else { texts.append(text) }
        default: break
        }
    }

    func text(_ text: String) { if takesText { self.text += text } }
}

/// Which cell formats show dates (section 18.8).
final class DateFormats: XMLHandler {
    enum Shape { case none, date, time, dateTime }

    private var formats: [Int: Shape] = [:]
    private(set) var shapes: [Shape] = []
    private var isInCells = false
    var isDone: Bool { shapes.count > 100_000 }

    func start(_ name: String, _ attributes: [String: String]) {
        switch name {
        case "s:numFmt":
            guard let id = attributes["numFmtId"].flatMap({ Int($0) }) else { return }
            formats[id] = Self.shape(of: attributes["formatCode"] ?? "")
        case "s:cellXfs": isInCells = true
        case "s:xf" where isInCells:
            let id = attributes["numFmtId"].flatMap { Int($0) } ?? 0
            shapes.append(formats[id] ?? Self.builtIn(id))
        default: break
        }
    }

    func end(_ name: String) { if name == "s:cellXfs" { isInCells = false } }
    func text(_ text: String) {}

    func shape(_ style: String?) -> Shape {
        guard let index = style.flatMap({ Int($0) }), shapes.indices.contains(index) else { return .none }
        return shapes[index]
    }

    /// Section 18.8.30.
    private static func builtIn(_ id: Int) -> Shape {
        switch id {
        case 14...17, 27...31, 36, 50...58: .date
        case 18...21, 32...35, 45...47: .time
        case 22: .dateTime
        default: .none
        }
    }

    /// Letters outside quotes and brackets tell.
    private static func shape(of code: String) -> Shape {
        var (hasDate, hasTime, isQuoted, isBracketed, isEscaped) = (false, false, false, false, false)
        for character in code.lowercased() {
            if isEscaped {
                isEscaped = false
            } else if character == "\\" || character == "_" || character == "*" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if character == "[" {
                isBracketed = true
            } else if character == "]" {
                isBracketed = false
            } else if !isQuoted, !isBracketed {
                if character == ";" { break }
                if character == "y" || character == "d" { hasDate = true }
                if character == "h" || character == "s" { hasTime = true }
            }
        }
        return hasDate ? (hasTime ? .dateTime : .date) : hasTime ? .time : .none
    }
}

/// Serial numbers of days as ISO 8601 (section 18.17.4).
enum SerialDay {
    static func text(_ serial: Double, _ shape: DateFormats.Shape, since1904: Bool) -> String? {
        guard serial.isFinite, serial >= 0, serial < 2_958_466 else { return nil }
        var days = Int(serial.rounded(.down))
        var seconds = Int(((serial - serial.rounded(.down)) * 86_400).rounded())
        if seconds == 86_400 { (days, seconds) = (days + 1, 0) }
        let clock = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map(padded).joined(separator: ":")
        if shape == .time, days == 0 { return clock }
        // Day 60 is the 29 February 1900 that never was.
        let day = since1904 ? days - 24_107 : (days < 60 ? days + 1 : days) - 25_569
        let (year, month, date) = civil(day)
        let text = "\(year)-\(padded(month))-\(padded(date))"
        return shape == .date && seconds == 0 ? text : "\(text)T\(clock)"
    }

    private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    /// Of days since 1 January 1970 (proleptic Gregorian, eras of 400 years).
    private static func civil(_ days: Int) -> (Int, Int, Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }
}
