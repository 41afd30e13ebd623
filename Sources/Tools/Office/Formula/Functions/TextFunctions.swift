enum TextFunctions {
    static let all: [Function] = [
        .call("LEN", 1...1, "t") { _, a in .number(Double(a.text(0).utf16.count)) },
        .call("LENB", 1...1, "t") { _, a in .number(Double(a.text(0).utf16.count)) },
        .call("LEFT", 1...2, "tn") { e, a throws(Stop) in try part(&e, a.text(0), 0, a.number(1, 1)) },
        .call("LEFTB", 1...2, "tn") { e, a throws(Stop) in try part(&e, a.text(0), 0, a.number(1, 1)) },
        .call("RIGHT", 1...2, "tn") { e, a throws(Stop) in try end(&e, a.text(0), a.number(1, 1)) },
        .call("RIGHTB", 1...2, "tn") { e, a throws(Stop) in try end(&e, a.text(0), a.number(1, 1)) },
        .call("MID", 3...3, "tnn") { e, a throws(Stop) in try middle(&e, a) },
        .call("MIDB", 3...3, "tnn") { e, a throws(Stop) in try middle(&e, a) },
        .call("LOWER", 1...1, "t") { _, a in .text(a.text(0).lowercased()) },
        .call("UPPER", 1...1, "t") { _, a in .text(a.text(0).uppercased()) },
        .call("PROPER", 1...1, "t") { _, a in
            var isInside = false
            var result = ""
            for character in a.text(0) {
                result += isInside ? character.lowercased() : character.uppercased()
                isInside = character.isLetter
            }
            return .text(result)
        },
        .call("TRIM", 1...1, "t") { _, a in .text(a.text(0).split(separator: " ").joined(separator: " ")) },
        .call("CLEAN", 1...1, "t") { _, a in
            .text(String(String.UnicodeScalarView(a.text(0).unicodeScalars.filter { $0.value >= 32 })))
        },
        .call("REPT", 2...2, "tn") { e, a throws(Stop) in
            let count = a.integer(1)
            guard count >= 0, count * max(1, a.text(0).utf16.count) <= e.limits.cellCharacters else {
                throw e.fail(.value, "The repeated text is too long, or the number below 0.")
            }
            return .text(String(repeating: a.text(0), count: count))
        },
        .call("CHAR", 1...1, "n") { e, a throws(Stop) in
            let code = a.integer(0)
            guard (1...255).contains(code) else { throw e.fail(.value, "CHAR takes 1 to 255.") }
            return .text(Latin.text(UInt8(code)))
        },
        .call("CODE", 1...1, "t") { e, a throws(Stop) in
            guard let first = a.text(0).unicodeScalars.first else { throw e.fail(.value, "The text is empty.") }
            return .number(Double(Latin.code(first)))
        },
        .call("UNICHAR", 1...1, "n", .later) { e, a throws(Stop) in
            guard let value = UInt32(exactly: a.integer(0)), value > 0, let scalar = Unicode.Scalar(value) else {
                throw e.fail(.value, "There is no such character.")
            }
            return .text(String(Character(scalar)))
        },
        .call("UNICODE", 1...1, "t", .later) { e, a throws(Stop) in
            guard let first = a.text(0).unicodeScalars.first else { throw e.fail(.value, "The text is empty.") }
            return .number(Double(first.value))
        },
        .call("EXACT", 2...2, "t") { _, a in .boolean(a.text(0).utf8.elementsEqual(a.text(1).utf8)) },
        .call("CONCATENATE", 1...255, "t") { e, a throws(Stop) in
            try e.result(a.indices.map { a.text($0) }.joined())
        },
        .call("CONCAT", 1...254, "a", .later) { e, a throws(Stop) in
            var text = ""
            for operand in a {
                for value in try e.values(operand) { text += try e.text(value) }
                try bound(&e, text)
            }
            return try e.result(text)
        },
        .call("TEXTJOIN", 3...254, "aba", .later) { e, a throws(Stop) in
            var separators: [String] = []
            for value in try e.values(a[0]) { separators.append(try e.text(value)) }
            var text = ""
            var count = 0
            for operand in a.dropFirst(2) {
                for value in try e.values(operand) {
                    let part = try e.text(value)
                    if part.isEmpty, a.flag(1) { continue }
                    if count > 0, !separators.isEmpty { text += separators[(count - 1) % separators.count] }
                    text += part
                    count += 1
                }
                try bound(&e, text)
            }
            return try e.result(text)
        },
    ]

    /// A text that grows beyond a cell is refused before it grows on.
    private static func bound(_ e: inout Evaluator, _ text: String) throws(Stop) { _ = try e.result(text) }

    /// UTF-16 units, as spreadsheets count; a pair is never cut in two.
    static func slice(_ text: String, _ start: Int, _ count: Int) -> String {
        if text.utf8.count == text.utf16.count {
            let bytes = text.utf8
            let from = min(max(0, start), bytes.count)
            let to = min(from + max(0, min(count, bytes.count)), bytes.count)
            return String(
                text[bytes.index(bytes.startIndex, offsetBy: from)..<bytes.index(bytes.startIndex, offsetBy: to)])
        }
        let units = Array(text.utf16)
        let from = min(max(0, start), units.count)
        let to = min(from + max(0, min(count, units.count)), units.count)
        return String(decoding: units[from..<to], as: UTF16.self)
    }

    private static func part(_ e: inout Evaluator, _ text: String, _ start: Int, _ count: Double) throws(Stop)
        -> Operand
    {
        guard count >= 0 else { throw e.fail(.value, "A number of characters is below 0.") }
        return .text(slice(text, start, [Operand].integer(count.rounded(.towardZero))))
    }

    private static func end(_ e: inout Evaluator, _ text: String, _ count: Double) throws(Stop) -> Operand {
        guard count >= 0 else { throw e.fail(.value, "A number of characters is below 0.") }
        let length = text.utf16.count
        let size = min([Operand].integer(count.rounded(.towardZero)), length)
        return .text(slice(text, length - size, size))
    }

    private static func middle(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> Operand {
        guard a.number(1) >= 1 else { throw e.fail(.value, "The first character is number 1.") }
        return try part(&e, a.text(0), a.integer(1) - 1, a.number(2))
    }
}

/// Windows' Western characters, which CHAR and CODE count in.
enum Latin {
    /// 0x80...0x9F; 0 where there is none.
    private static let upper: [UInt32] = [
        0x20AC, 0x81, 0x201A, 0x192, 0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160, 0x2039, 0x152, 0x8D, 0x17D,
        0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x2DC, 0x2122, 0x161, 0x203A, 0x153, 0x9D,
        0x17E, 0x178,
    ]

    static func text(_ code: UInt8) -> String {
        let value = (0x80...0x9F).contains(code) ? upper[Int(code) - 0x80] : UInt32(code)
        return Unicode.Scalar(value).map { String(Character($0)) } ?? ""
    }

    /// 63, a question mark, where there is none.
    static func code(_ scalar: Unicode.Scalar) -> Int {
        if let place = upper.firstIndex(of: scalar.value) { return place + 0x80 }
        return scalar.value < 256 ? Int(scalar.value) : 63
    }
}
