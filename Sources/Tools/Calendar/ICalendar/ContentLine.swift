/// Why a text is no calendar, in words for whoever sent it.
package struct CalendarFault: Error, Sendable, Hashable, CustomStringConvertible {
    package let message: String
    package init(_ message: String) { self.message = message }
    package var description: String { message }
}

/// Bounds of a calendar file.
package enum CalendarLimit {
    package static let bytes = 16 * 1024 * 1024
    /// Content lines.
    static let lines = 500_000
    /// Components inside of components: a calendar holds events, and these alarms.
    static let depth = 8
    package static let events = 50_000
}

/// `NAME;PARAM=value:value` (RFC 5545, section 3.1).
package struct ContentLine: Sendable, Hashable {
    /// Upper-case.
    package var name: String
    package var parameters: [String: [String]]
    /// As it stands: texts keep their escapes.
    package var value: String

    package init(_ name: String, _ value: String, _ parameters: [String: [String]] = [:]) {
        self.name = name
        self.value = value
        self.parameters = parameters
    }

    /// `nil` for what has no name or no colon.
    init?(parsing line: [UInt8]) {
        var index = 0
        func word(_ ends: String) -> String {
            let start = index
            while index < line.count, !ends.utf8.contains(line[index]) { index += 1 }
            return String(decoding: line[start..<index], as: UTF8.self)
        }
        name = word(";:").uppercased()
        parameters = [:]
        guard !name.isEmpty, name.utf8.allSatisfy({ (65...90).contains($0) || (48...57).contains($0) || $0 == 0x2D })
        else {
            return nil
        }
        while index < line.count, line[index] == UInt8(ascii: ";") {
            index += 1
            let parameter = word("=;:").uppercased()
            var values: [String] = []
            while index < line.count, line[index] == UInt8(ascii: "=") || line[index] == UInt8(ascii: ",") {
                index += 1
                if index < line.count, line[index] == UInt8(ascii: "\"") {
                    index += 1
                    values.append(word("\""))
                    index += 1
                } else {
                    values.append(word(",;:"))
                }
            }
            parameters[parameter] = values
        }
        guard index < line.count, line[index] == UInt8(ascii: ":") else { return nil }
        value = String(decoding: line[(index + 1)...], as: UTF8.self)
    }

    /// The value as text (section 3.3.11).
    package var text: String {
        guard value.utf8.contains(UInt8(ascii: "\\")) else { return value }
        var text = ""
        var isEscaped = false
        for scalar in value.unicodeScalars {
            if isEscaped {
                text.unicodeScalars.append(scalar == "n" || scalar == "N" ? "\n" : scalar)
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    package static func text(_ name: String, _ text: String, _ parameters: [String: [String]] = [:]) -> ContentLine {
        var value = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\", ";", ",": value += "\\\(scalar)"
            case "\n": value += "\\n"
            // A carriage return belongs to its line feed; other controls have no place in a text.
            case _ where scalar.value < 0x20 && scalar != "\t" || scalar.value == 0x7F: continue
            default: value.unicodeScalars.append(scalar)
            }
        }
        return ContentLine(name, value, parameters)
    }

    /// Bytes of one line of a file, less its end (section 3.1).
    private static let lineBytes = 75

    /// With CR LF, folded between characters.
    var written: String {
        var line = name
        for (parameter, values) in parameters.sorted(by: { $0.key < $1.key }) {
            line += ";\(parameter)=" + values.map { Self.parameter($0) }.joined(separator: ",")
        }
        line += ":\(value)"
        var text = ""
        var length = 0
        for scalar in line.unicodeScalars {
            let width = UTF8.width(scalar)
            if length + width > Self.lineBytes {
                text += "\r\n "
                length = 1
            }
            text.unicodeScalars.append(scalar)
            length += width
        }
        return text + "\r\n"
    }

    /// Quoted where it must be; a quote cannot be said (section 3.2).
    private static func parameter(_ value: String) -> String {
        let clean = String(
            String.UnicodeScalarView(value.unicodeScalars.filter { $0 != "\"" && $0.value >= 0x20 && $0.value != 0x7F })
        )
        return clean.contains { ",;:".contains($0) } ? "\"\(clean)\"" : clean
    }
}

/// `BEGIN:VEVENT` to `END:VEVENT`, with what is inside.
package struct CalendarComponent: Sendable, Hashable {
    package var name: String
    package var lines: [ContentLine]
    package var children: [CalendarComponent]

    package init(_ name: String, _ lines: [ContentLine] = [], _ children: [CalendarComponent] = []) {
        self.name = name
        self.lines = lines
        self.children = children
    }

    package subscript(name: String) -> ContentLine? { lines.first { $0.name == name } }
    package func all(_ name: String) -> [ContentLine] { lines.filter { $0.name == name } }

    /// Every calendar of a file. Lines that are none are passed over, as other readers do; ends that are missing at the
    /// end of the file are forgiven.
    package static func parse(_ text: String) throws(CalendarFault) -> [CalendarComponent] {
        guard text.utf8.count <= CalendarLimit.bytes else {
            throw CalendarFault("the calendar has more than \(CalendarLimit.bytes) bytes")
        }
        var open: [CalendarComponent] = [CalendarComponent("")]
        var count = 0
        for line in unfolded(Array(text.utf8)) {
            count += 1
            guard count <= CalendarLimit.lines else {
                throw CalendarFault("the calendar has more than \(CalendarLimit.lines) lines")
            }
            guard let content = ContentLine(parsing: line) else { continue }
            if content.name == "BEGIN" {
                guard open.count <= CalendarLimit.depth else { throw CalendarFault("components nest too deep") }
                open.append(CalendarComponent(content.value.uppercased()))
            } else if content.name == "END" {
                guard open.count > 1, open[open.count - 1].name == content.value.uppercased() else {
                    throw CalendarFault("'END:\(content.value.prefix(40))' ends nothing that is open")
                }
                close(&open)
            } else {
                open[open.count - 1].lines.append(content)
            }
        }
        while open.count > 1 { close(&open) }
        let calendars = open[0].children.filter { $0.name == "VCALENDAR" }
        guard !calendars.isEmpty else { throw CalendarFault("the file holds no calendar (BEGIN:VCALENDAR)") }
        return calendars
    }

    private static func close(_ open: inout [CalendarComponent]) {
        let component = open.removeLast()
        open[open.count - 1].children.append(component)
    }

    /// Lines with what was folded put together again.
    private static func unfolded(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for part in bytes.split(separator: 0x0A, omittingEmptySubsequences: true) {
            let line = part.last == 0x0D ? part.dropLast() : part
            if let first = line.first, first == 0x20 || first == 0x09, !lines.isEmpty {
                lines[lines.count - 1] += line.dropFirst()
            } else if !line.isEmpty {
                lines.append(Array(line))
            }
        }
        return lines
    }

    package var written: String {
        "BEGIN:\(name)\r\n" + lines.map(\.written).joined() + children.map(\.written).joined() + "END:\(name)\r\n"
    }
}
