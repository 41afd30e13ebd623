enum InformationFunctions {
    static let all: [Function] = [
        test("ISBLANK") { $0.isBlank },
        test("ISNUMBER") { $0.isNumber },
        test("ISTEXT") { $0.isText },
        test("ISNONTEXT") { !$0.isText },
        test("ISLOGICAL") { $0.isBoolean },
        test("ISERROR") { $0.error != nil },
        test("ISERR") { $0.error != nil && $0.error != .notAvailable },
        test("ISNA") { $0.error == .notAvailable },
        .call("ISEVEN", 1...1, "n") { _, a in
            .boolean(a.number(0).rounded(.towardZero).truncatingRemainder(dividingBy: 2) == 0)
        },
        .call("ISODD", 1...1, "n") { _, a in
            .boolean(a.number(0).rounded(.towardZero).truncatingRemainder(dividingBy: 2) != 0)
        },
        .call("ISREF", 1...1, "r", .takesErrors) { _, a in .boolean(a[0].isReference) },
        .call("ISFORMULA", 1...1, "r", .later) { e, a throws(Stop) in
            guard let area = try e.areas(a[0]).first else { return .boolean(false) }
            return .boolean(e.store.slot(area.first).flatMap { e.store.formula($0) } != nil)
        },
        .call("FORMULATEXT", 1...1, "r", .later) { e, a throws(Stop) in
            guard let area = try e.areas(a[0]).first, let slot = e.store.slot(area.first),
                let place = e.store.formula(slot)
            else { throw e.fail(.notAvailable, "The cell has no formula.") }
            return .text("=" + e.expressions[place].expression.text(at: area.first.position))
        },
        .call("ERROR.TYPE", 1...1, "s", .takesErrors) { e, a throws(Stop) in
            guard let error = a.scalar(0).error else { throw e.fail(.notAvailable, "The value is no error.") }
            return .number(Double(error.rawValue))
        },
        .call("TYPE", 1...1, "r", .takesErrors) { e, a throws(Stop) in
            if case .matrix(let matrix) = a[0], matrix.count > 1 { return .number(64) }
            if case .area(let area) = a[0], !area.isCell { return .number(64) }
            switch try e.first(a[0]) {
            case .blank, .number: return .number(1)
            case .text: return .number(2)
            case .boolean: return .number(4)
            case .error: return .number(16)
            }
        },
        .call("N", 1...1, "r") { e, a throws(Stop) in
            switch try e.first(a[0]) {
            case .number(let value): return .number(value)
            case .boolean(let flag): return .number(flag ? 1 : 0)
            case .error(let error): throw .error(error)
            case .blank, .text: return .number(0)
            }
        },
        .call("T", 1...1, "r") { e, a throws(Stop) in
            switch try e.first(a[0]) {
            case .text(let text): return .text(text)
            case .error(let error): throw .error(error)
            case .blank, .number, .boolean: return .text("")
            }
        },
        .call("NA", 0...0, "s") { e, _ throws(Stop) in throw e.fail(.notAvailable, "The formula says NA().") },
        .call("SHEET", 0...1, "r", [.later, .takesErrors]) { e, a throws(Stop) in
            guard a.has(0) else { return .number(Double(e.here.sheet + 1)) }
            if case .value(.text(let name)) = a[0] {
                guard let place = e.sheet(name) else {
                    throw e.fail(.notAvailable, "There is no sheet \(name.prefix(40)).")
                }
                return .number(Double(place + 1))
            }
            return .number(Double((try e.areas(a[0]).first?.sheet ?? 0) + 1))
        },
        .call("SHEETS", 0...1, "r", .later) { e, a in .number(a.isEmpty ? Double(e.sheetNames.count) : 1) },
        .call("CELL", 1...2, "tr", .volatile) { e, a throws(Stop) in
            let cell = a.count > 1 ? try e.areas(a[1]).first?.first ?? e.here.address : e.here.address
            switch a.text(0).lowercased() {
            case "row": return .number(Double(cell.row + 1))
            case "col": return .number(Double(cell.column + 1))
            case "address": return .text("$\(CellName.letters(cell.column))$\(cell.row + 1)")
            case "contents": return .value(try e.read(cell))
            case "type":
                let value = try e.read(cell)
                return .text(value.isBlank ? "b" : value.isText ? "l" : "v")
            default: throw e.fail(.value, "CELL knows row, col, address, contents and type.")
            }
        },
    ]

    private static func test(_ name: String, _ body: @escaping @Sendable (CellValue) -> Bool) -> Function {
        .call(name, 1...1, "s", .takesErrors) { _, a in .boolean(body(a.scalar(0))) }
    }
}
