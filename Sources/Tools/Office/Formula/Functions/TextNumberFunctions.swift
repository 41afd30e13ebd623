/// Between numbers and texts.
enum TextNumberFunctions {
    static let all: [Function] = [
        .call("TEXT", 2...2, "st") { e, a throws(Stop) in
            let format: NumberFormat
            do throws(NumberFormat.Fault) { format = try NumberFormat(a.text(1)) } catch {
                throw e.fail(.value, error.message)
            }
            var value = a.scalar(0)
            if value.isBlank { value = .number(0) }
            if case .text(let text) = value, let number = NumberText.parse(text, e.system) { value = .number(number) }
            return try e.result(a.text(1).isEmpty ? "" : format.text(value, e.system))
        },
        .call("VALUE", 1...1, "s") { e, a throws(Stop) in .number(try e.number(a.scalar(0))) },
        .call("NUMBERVALUE", 1...3, "ttt", .later) { e, a throws(Stop) in
            let point = a.text(1, ".").prefix(1)
            let group = a.text(2, ",").prefix(1)
            guard !point.isEmpty, !group.isEmpty, point != group else {
                throw e.fail(.value, "The separators are alike.")
            }
            var text = a.text(0).filter { !$0.isWhitespace }
            if text.isEmpty { return .number(0) }
            let parts = text.split(separator: Character(String(point)), omittingEmptySubsequences: false)
            guard parts.count <= 2, !(parts.count == 2 && parts[1].contains(Character(String(group)))) else {
                throw e.fail(.value, "The text is no number.")
            }
            text = parts.map { $0.filter { String($0) != String(group) } }.joined(separator: ".")
            var percents = 0.0
            while text.hasSuffix("%") {
                text.removeLast()
                percents += 1
            }
            guard percents <= 8, let value = NumberText.parse(text, e.system) else {
                throw e.fail(.value, "The text is no number.")
            }
            return .number((0..<Int(percents)).reduce(value) { number, _ in number / 100 })
        },
        .call("FIXED", 1...3, "nnb") { e, a throws(Stop) in
            let places = a.integer(1, 2)
            guard places <= 127 else { throw e.fail(.value, "FIXED takes at most 127 places.") }
            return .text(try fixed(&e, a.number(0), places, isGrouped: !a.flag(2)))
        },
        .call("DOLLAR", 1...2, "nn") { e, a throws(Stop) in
            let places = a.integer(1, 2)
            guard places <= 127 else { throw e.fail(.value, "DOLLAR takes at most 127 places.") }
            let text = try fixed(&e, a.number(0).magnitude, places, isGrouped: true)
            return .text(a.number(0) < 0 ? "($\(text))" : "$\(text)")
        },
        .call("VALUETOTEXT", 1...2, "sn", [.later, .takesErrors]) { _, a in .text(shown(a.scalar(0), a.integer(1) == 1))
        },
        .call("ARRAYTOTEXT", 1...2, "an", .later) { e, a throws(Stop) in
            let source = try e.matrix(a[0])
            try e.room(source.rows, source.columns)
            let isStrict = a.integer(1) == 1
            let lines = (0..<source.rows).map { row in
                (0..<source.columns).map { shown(source[row, $0], isStrict) }.joined(separator: isStrict ? "," : ", ")
            }
            let text = lines.joined(separator: isStrict ? ";" : ", ")
            return try e.result(isStrict ? "{\(text)}" : text)
        },
    ]

    private static func shown(_ value: CellValue, _ isStrict: Bool) -> String {
        guard isStrict, case .text(let text) = value else { return value.text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    private static func fixed(_ e: inout Evaluator, _ value: Double, _ places: Int, isGrouped: Bool) throws(Stop)
        -> String
    {
        let rounded = RoundingFunctions.rounded(value, Double(places), .toNearestOrAwayFromZero)
        let code = (isGrouped ? "#,##0" : "0") + (places > 0 ? "." + String(repeating: "0", count: places) : "")
        do throws(NumberFormat.Fault) { return try NumberFormat(code).text(.number(rounded), e.system) } catch {
            throw e.fail(.value, error.message)
        }
    }
}
