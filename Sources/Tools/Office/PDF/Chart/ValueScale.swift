import Glibc

/// An axis with round ticks.
struct ValueScale {
    let low: Double
    let high: Double
    let ticks: [Double]

    /// Covers the finite ones of `values` with about `count` steps of 1, 2, 2.5 or 5 times a power of ten.
    init(_ values: some Sequence<Double>, includesZero: Bool, count: Int = 5) {
        // Beyond this, differences of doubles overflow.
        let bound = 1e150
        var low = Double.infinity
        var high = -Double.infinity
        for value in values where value.isFinite {
            low = min(low, max(-bound, value))
            high = max(high, min(bound, value))
        }
        if low > high { (low, high) = (0, 1) }
        if includesZero { (low, high) = (min(0, low), max(0, high)) }
        if high - low <= abs(high) * 1e-9 || high - low < 1e-150 {
            let margin = max(abs(high) * 0.5, 1e-100)
            (low, high) = high == 0 ? (0, 1) : (low - margin, high + margin)
        }
        let step = Self.step((high - low) / Double(max(1, count)))
        let first = (low / step + 1e-9).rounded(.down)
        let last = (high / step - 1e-9).rounded(.up)
        self.low = first * step
        self.high = last * step
        let steps = min(20, max(1, last - first))
        ticks = (0...Int(steps)).map { index in
            let tick = (first + Double(index)) * step
            return abs(tick) < step * 1e-6 ? 0 : tick
        }
    }

    private static func step(_ rough: Double) -> Double {
        let power = pow(10, floor(log10(rough)))
        let lead = rough / power
        let round = lead <= 1 ? 1.0 : lead <= 2 ? 2 : lead <= 2.5 ? 2.5 : lead <= 5 ? 5 : 10
        return round * power
    }

    /// 0 at the low end, 1 at the high end; what lies outside is clamped.
    func position(_ value: Double) -> Double { min(1, max(0, (value - low) / (high - low))) }

    /// Where bars stand: at zero, or at the end nearer to it.
    var base: Double { position(0) }
}
