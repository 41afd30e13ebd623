import Glibc

enum DepreciationFunctions {
    static let all: [Function] = [
        .call("SLN", 3...3, "n") { _, a throws(Stop) in
            guard a.number(2) != 0 else { throw .error(.division) }
            return .number((a.number(0) - a.number(1)) / a.number(2))
        },
        .call("SYD", 4...4, "n") { _, a throws(Stop) in
            let (life, period) = (a.number(2), a.number(3))
            guard life > 0, period >= 1, period <= life else { throw .error(.number) }
            return .number((a.number(0) - a.number(1)) * (life - period + 1) * 2 / (life * (life + 1)))
        },
        .call("DB", 4...5, "n") { e, a throws(Stop) in
            let (cost, salvage, life, period) = (a.number(0), a.number(1), a.number(2), a.number(3))
            let months = a.number(4, 12).rounded(.towardZero)
            let last = months < 12 ? life + 1 : life
            guard cost >= 0, salvage >= 0, life > 0, life < 1e6, period >= 1, period <= last, (1...12).contains(months)
            else { throw .error(.number) }
            if cost == 0 { return .number(0) }
            let rate = ((1 - pow(salvage / cost, 1 / life)) * 1000).rounded() / 1000
            try e.charge(Int(period))
            var written = cost * rate * months / 12
            if period.rounded(.towardZero) == 1 { return .number(written) }
            var amount = 0.0
            for year in 2...Int(period) {
                amount = (cost - written) * rate
                if Double(year) == life + 1 { amount = amount * (12 - months) / 12 }
                written += amount
            }
            return .number(amount)
        },
        .call("DDB", 4...5, "n") { _, a throws(Stop) in
            let (cost, salvage, life, period) = (a.number(0), a.number(1), a.number(2), a.number(3))
            let factor = a.number(4, 2)
            guard cost >= 0, salvage >= 0, life > 0, period >= 1, period <= life, factor > 0 else {
                throw .error(.number)
            }
            return .number(declining(cost, salvage, life, period, factor))
        },
        .call("VDB", 5...7, "nnnnnnb") { e, a throws(Stop) in
            let (cost, salvage, life) = (a.number(0), a.number(1), a.number(2))
            let (start, end, factor) = (a.number(3), a.number(4), a.has(5) ? a.number(5) : 2)
            guard cost >= 0, salvage >= 0, life > 0, life < 1e6, start >= 0, end >= start, end <= life, factor > 0
            else {
                throw .error(.number)
            }
            try e.charge(Int(end))
            return .number(variable(cost, salvage, life, start, end, factor, isFixed: a.flag(6)))
        },
    ]

    private static func declining(_ cost: Double, _ salvage: Double, _ life: Double, _ period: Double, _ factor: Double)
        -> Double
    {
        let rate = min(1, factor / life)
        let old = rate >= 1 ? (period == 1 ? cost : 0) : cost * pow(1 - rate, period - 1)
        let new = rate >= 1 ? 0 : cost * pow(1 - rate, period)
        return max(0, min(old - new, old - salvage))
    }

    /// Between two points in time; parts of periods count in proportion. Changes to straight line where that is more.
    private static func variable(
        _ cost: Double, _ salvage: Double, _ life: Double, _ start: Double, _ end: Double, _ factor: Double,
        isFixed: Bool
    ) -> Double {
        var total = 0.0
        var book = cost
        var period = 0.0
        var isStraight = false
        var straight = 0.0
        while period < end {
            var amount = max(0, min(book * min(1, factor / life), book - salvage))
            if !isFixed {
                let rest = life - period
                let line = rest > 0 ? (book - salvage) / rest : 0
                if !isStraight, line > amount { (isStraight, straight) = (true, line) }
                if isStraight { amount = min(straight, max(0, book - salvage)) }
            }
            let overlap = min(end, period + 1) - max(start, period)
            if overlap > 0 { total += amount * overlap }
            book -= amount
            period += 1
        }
        return total
    }
}
