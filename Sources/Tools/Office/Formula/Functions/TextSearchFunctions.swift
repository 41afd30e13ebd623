enum TextSearchFunctions {
    static let all: [Function] =
        ["FIND", "FINDB"].map { find($0) } + ["SEARCH", "SEARCHB"].map { search($0) } + others

    private static let others: [Function] = [
        .call("REPLACE", 4...4, "tnnt") { e, a throws(Stop) in try replace(&e, a) },
        .call("REPLACEB", 4...4, "tnnt") { e, a throws(Stop) in try replace(&e, a) },
        .call("SUBSTITUTE", 3...4, "ttts") { e, a throws(Stop) in
            let (text, old, new) = (a.text(0), a.text(1), a.text(2))
            guard a.has(3) else {
                return old.isEmpty ? .text(text) : try e.result(joined(split(text, old), new))
            }
            let number = [Operand].integer(try e.number(a.scalar(3)).rounded(.towardZero))
            guard number >= 1 else { throw e.fail(.value, "The number of the occurrence is below 1.") }
            let parts = old.isEmpty ? [text] : split(text, old)
            guard number < parts.count else { return .text(text) }
            let head = joined(Array(parts[..<number]), old)
            let tail = joined(Array(parts[number...]), old)
            return try e.result(head + new + tail)
        },
        .call("TEXTBEFORE", 2...6, "ttnnns", .later) { e, a throws(Stop) in try around(&e, a, isBefore: true) },
        .call("TEXTAFTER", 2...6, "ttnnns", .later) { e, a throws(Stop) in try around(&e, a, isBefore: false) },
        .call("TEXTSPLIT", 2...6, "taabns", [.array, .later]) { e, a throws(Stop) in
            let columns = try separators(&e, a, 1)
            let rows = try separators(&e, a, 2)
            let isFolded = a.integer(4) == 1
            let padding = a.has(5) ? a.scalar(5) : .error(.notAvailable)
            let skipsEmpty = a.flag(3)
            let lines = rows.isEmpty ? [a.text(0)] : pieces(a.text(0), rows, isFolded, skipsEmpty)
            let cells = lines.map { columns.isEmpty ? [$0] : pieces($0, columns, isFolded, skipsEmpty) }
            let width = cells.reduce(1) { max($0, $1.count) }
            try e.room(cells.count, width)
            return e.array(
                cells.count, width,
                cells.flatMap { line in (0..<width).map { $0 < line.count ? .text(line[$0]) : padding } })
        },
    ]

    private static func find(_ name: String) -> Function {
        .call(name, 2...3, "ttn") { e, a throws(Stop) in
            let (wanted, text) = (Array(a.text(0).utf16), Array(a.text(1).utf16))
            let start = a.integer(2, 1) - 1
            guard start >= 0, start <= text.count, let place = Self.first(wanted, in: text, from: start) else {
                throw e.fail(.value, "\"\(a.text(0).prefix(40))\" is not in the text.")
            }
            return .number(Double(place + 1))
        }
    }

    private static func search(_ name: String) -> Function {
        .call(name, 2...3, "ttn") { e, a throws(Stop) in
            let text = Array(a.text(1).lowercased().unicodeScalars)
            let start = a.integer(2, 1) - 1
            try e.charge(text.count / 8)
            guard start >= 0, let place = Wildcard(a.text(0)).firstMatch(in: text, from: start) else {
                throw e.fail(.value, "\"\(a.text(0).prefix(40))\" is not in the text.")
            }
            let units = text[..<place].reduce(0) { $0 + ($1.value > 0xFFFF ? 2 : 1) }
            return .number(Double(units + 1))
        }
    }

    static func first(_ wanted: [UInt16], in text: [UInt16], from start: Int) -> Int? {
        guard wanted.count <= text.count - start else { return nil }
        if wanted.isEmpty { return start }
        return (start...(text.count - wanted.count)).first { place in
            wanted.indices.allSatisfy { text[place + $0] == wanted[$0] }
        }
    }

    private static func split(_ text: String, _ separator: String) -> [String] {
        let (units, wanted) = (Array(text.utf16), Array(separator.utf16))
        var parts: [String] = []
        var start = 0
        while let place = first(wanted, in: units, from: start) {
            parts.append(String(decoding: units[start..<place], as: UTF16.self))
            start = place + wanted.count
        }
        parts.append(String(decoding: units[start...], as: UTF16.self))
        return parts
    }

    private static func joined(_ parts: [String], _ separator: String) -> String { parts.joined(separator: separator) }

    private static func replace(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> Operand {
        let (start, count) = (a.integer(1) - 1, a.integer(2))
        guard start >= 0, count >= 0 else { throw e.fail(.value, "A number of characters is out of range.") }
        let length = a.text(0).utf16.count
        let head = TextFunctions.slice(a.text(0), 0, start)
        let tail = start + count < length ? TextFunctions.slice(a.text(0), start + count, length) : ""
        return try e.result(head + a.text(3) + tail)
    }

    private static func around(_ e: inout Evaluator, _ a: [Operand], isBefore: Bool) throws(Stop) -> Operand {
        let text = a.text(0)
        let number = a.has(2) ? a.integer(2) : 1
        guard number != 0 else { throw e.fail(.value, "The number of the occurrence is 0.") }
        let isFolded = a.integer(3) == 1
        let units = Array((isFolded ? text.lowercased() : text).utf16)
        let wanted = Array((isFolded ? a.text(1).lowercased() : a.text(1)).utf16)
        let original = Array(text.utf16)
        guard units.count == original.count else { throw e.fail(.value, "The text changes its length with its case.") }
        if wanted.isEmpty { return .text((number > 0) == isBefore ? "" : text) }
        var places: [Int] = []
        var start = 0
        while let place = first(wanted, in: units, from: start) {
            places.append(place)
            start = place + wanted.count
        }
        let index = number > 0 ? number - 1 : places.count + number
        guard places.indices.contains(index) else {
            // The end of the text may count as an occurrence.
            if a.integer(4) == 1, index == places.count || index == -1 {
                return .text((number > 0) == isBefore ? text : "")
            }
            if a.has(5) { return a[5] }
            throw e.fail(.notAvailable, "\"\(a.text(1).prefix(40))\" is not in the text.")
        }
        let part = isBefore ? original[..<places[index]] : original[(places[index] + wanted.count)...]
        return .text(String(decoding: part, as: UTF16.self))
    }

    private static func separators(_ e: inout Evaluator, _ a: [Operand], _ index: Int) throws(Stop) -> [String] {
        guard a.has(index) else { return [] }
        var found: [String] = []
        for value in try e.values(a[index]) { found.append(try e.text(value)) }
        guard found.allSatisfy({ !$0.isEmpty }) else { throw e.fail(.value, "A separator is empty.") }
        return found
    }

    private static func pieces(_ text: String, _ separators: [String], _ isFolded: Bool, _ skipsEmpty: Bool) -> [String]
    {
        let original = Array(text.utf16)
        let folded = Array((isFolded ? text.lowercased() : text).utf16)
        let units = folded.count == original.count ? folded : original
        let wanted = separators.map { Array((isFolded ? $0.lowercased() : $0).utf16) }
        var parts: [String] = []
        var (start, place) = (0, 0)
        while place < units.count {
            let found = wanted.first { separator in
                place + separator.count <= units.count
                    && separator.indices.allSatisfy { units[place + $0] == separator[$0] }
            }
            guard let found else {
                place += 1
                continue
            }
            parts.append(String(decoding: original[start..<place], as: UTF16.self))
            place += found.count
            start = place
        }
        parts.append(String(decoding: original[start...], as: UTF16.self))
        return skipsEmpty ? parts.filter { !$0.isEmpty } : parts
    }
}
