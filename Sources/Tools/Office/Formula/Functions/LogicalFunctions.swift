enum LogicalFunctions {
    static let all: [Function] = [
        .form("IF", 2...3, .condition, .reference),
        .form("IFS", 2...254, .conditions, [.reference, .later]),
        .form("SWITCH", 3...254, .selection, [.reference, .later]),
        .form("CHOOSE", 2...255, .choice, .reference),
        .form("IFERROR", 2...2, .ifError, .reference),
        .form("IFNA", 2...2, .ifNotAvailable, [.reference, .later]),
        .call("TRUE", 0...0, "s") { _, _ in .boolean(true) },
        .call("FALSE", 0...0, "s") { _, _ in .boolean(false) },
        .call("NOT", 1...1, "b") { _, a in .boolean(!a.flag(0)) },
        .call("AND", 1...255, "r") { e, a throws(Stop) in
            .boolean(try flags(&e, a).allSatisfy { $0 })
        },
        .call("OR", 1...255, "r") { e, a throws(Stop) in
            .boolean(try flags(&e, a).contains(true))
        },
        .call("XOR", 1...255, "r", .later) { e, a throws(Stop) in
            .boolean(try flags(&e, a).reduce(false) { $0 != $1 })
        },
    ]

    /// Truth values; in ranges texts and blanks do not count.
    private static func flags(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> [Bool] {
        var flags: [Bool] = []
        for operand in a {
            switch operand {
            case .value(let value): flags.append(try e.flag(value))
            case .missing: flags.append(false)
            case .area, .areas, .matrix:
                for value in try e.values(operand) {
                    switch value {
                    case .boolean(let flag): flags.append(flag)
                    case .number(let number): flags.append(number != 0)
                    case .error(let error): throw .error(error)
                    case .blank, .text: break
                    }
                }
            }
        }
        guard !flags.isEmpty else { throw e.fail(.value, "There are no truth values.") }
        return flags
    }
}
