enum RankFunctions {
    static let all: [Function] =
        ["PERCENTILE", "PERCENTILE.INC"].map { name in
            .call(name, 2...2, "an", later(name)) { e, a throws(Stop) in
                .number(try inclusive(try sorted(&e, a[0]), a.number(1)))
            }
        }
        + ["QUARTILE", "QUARTILE.INC"].map { name in
            .call(name, 2...2, "an", later(name)) { e, a throws(Stop) in
                .number(try inclusive(try sorted(&e, a[0]), a.number(1).rounded(.towardZero) / 4))
            }
        }
        + ["RANK", "RANK.EQ"].map { name in
            .call(name, 2...3, "nrn", later(name)) { e, a throws(Stop) in
                .number(try rank(&e, a).first)
            }
        }
        + ["PERCENTRANK", "PERCENTRANK.INC"].map { name in
            .call(name, 2...3, "ann", later(name)) { e, a throws(Stop) in
                .number(try percentRank(&e, a, isInclusive: true))
            }
        } + others

    private static func later(_ name: String) -> Function.Traits { name.contains(".") ? .later : [] }

    private static let others: [Function] = [
        .call("PERCENTILE.EXC", 2...2, "an", .later) { e, a throws(Stop) in
            .number(try exclusive(try sorted(&e, a[0]), a.number(1)))
        },
        .call("QUARTILE.EXC", 2...2, "an", .later) { e, a throws(Stop) in
            .number(try exclusive(try sorted(&e, a[0]), a.number(1).rounded(.towardZero) / 4))
        },
        .call("LARGE", 2...2, "an") { e, a throws(Stop) in
            let values = try sorted(&e, a[0])
            let place = [Operand].integer(a.number(1).rounded(.up))
            guard place >= 1, place <= values.count else {
                throw e.fail(.number, "There are \(values.count) numbers; number \(place) was asked for.")
            }
            return .number(values[values.count - place])
        },
        .call("SMALL", 2...2, "an") { e, a throws(Stop) in
            let values = try sorted(&e, a[0])
            let place = a.integer(1)
            guard place >= 1, place <= values.count else {
                throw e.fail(.number, "There are \(values.count) numbers; number \(place) was asked for.")
            }
            return .number(values[place - 1])
        },
        .call("RANK.AVG", 2...3, "nrn", .later) { e, a throws(Stop) in
            let (first, count) = try rank(&e, a)
            return .number(first + (count - 1) / 2)
        },
        .call("PERCENTRANK.EXC", 2...3, "ann", .later) { e, a throws(Stop) in
            .number(try percentRank(&e, a, isInclusive: false))
        },
        .call("FREQUENCY", 2...2, "a", .array) { e, a throws(Stop) in
            let values = try e.numbers([a[0]])
            let bounds = try e.numbers([a[1]])
            let order = bounds.indices.sorted { bounds[$0] < bounds[$1] }
            var counts = [Double](repeating: 0, count: bounds.count + 1)
            for value in values {
                let place = order.first { value <= bounds[$0] }
                counts[place ?? bounds.count] += 1
            }
            return .matrix(Matrix(column: counts.map { .number($0) }))
        },
        .call("PROB", 3...4, "aann") { e, a throws(Stop) in
            let pairs = try e.pairs(a[0], a[1])
            guard pairs.allSatisfy({ $0.1 > 0 && $0.1 <= 1 }), (pairs.reduce(0) { $0 + $1.1 } - 1).magnitude < 1e-9
            else { throw e.fail(.number, "The probabilities do not add up to 1.") }
            let (low, high) = (a.number(2), a.number(3, a.number(2)))
            return .number(pairs.reduce(0) { $0 + ($1.0 >= low && $1.0 <= high ? $1.1 : 0) })
        },
    ]

    private static func sorted(_ e: inout Evaluator, _ operand: Operand) throws(Stop) -> [Double] {
        let values = try e.numbers([operand])
        guard !values.isEmpty else { throw e.fail(.number, "There are no numbers.") }
        try e.charge(values.count)
        return values.sorted()
    }

    static func inclusive(_ values: [Double], _ part: Double) throws(Stop) -> Double {
        guard (0...1).contains(part), !values.isEmpty else { throw .error(.number) }
        return interpolated(values, part * Double(values.count - 1))
    }

    static func exclusive(_ values: [Double], _ part: Double) throws(Stop) -> Double {
        let place = part * Double(values.count + 1)
        guard part > 0, part < 1, place >= 1, place <= Double(values.count) else { throw .error(.number) }
        return interpolated(values, place - 1)
    }

    private static func interpolated(_ values: [Double], _ place: Double) -> Double {
        let low = min(Int(place), values.count - 1)
        let high = min(low + 1, values.count - 1)
        return values[low] + (values[high] - values[low]) * (place - Double(low))
    }

    /// The first place of the number and how often it occurs.
    private static func rank(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> (first: Double, count: Double) {
        let wanted = a.number(0)
        let isAscending = a.number(2) != 0
        var (before, same) = (0.0, 0.0)
        try e.eachNumber([a[1]]) { value in
            if value == wanted { same += 1 } else if (value < wanted) == isAscending { before += 1 }
        }
        guard same > 0 else { throw e.fail(.notAvailable, "The number is not among the others.") }
        return (before + 1, same)
    }

    private static func percentRank(_ e: inout Evaluator, _ a: [Operand], isInclusive: Bool) throws(Stop) -> Double {
        let values = try sorted(&e, a[0])
        let wanted = a.number(1)
        let digits = a.integer(2, 3)
        guard digits >= 1 else { throw .error(.number) }
        guard let low = values.lastIndex(where: { $0 <= wanted }), let high = values.firstIndex(where: { $0 >= wanted })
        else { throw e.fail(.notAvailable, "The number is outside of the others.") }
        var place = Double(values.firstIndex(of: values[low]) ?? low)
        if values[low] != wanted {
            place = Double(low) + (wanted - values[low]) / (values[high] - values[low])
        }
        let rank =
            isInclusive
            ? (values.count == 1 ? 1 : place / Double(values.count - 1)) : (place + 1) / Double(values.count + 1)
        return RoundingFunctions.rounded(rank, Double(digits), .towardZero)
    }
}
