/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, the same on every machine; equal seeds give equal worlds.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1 }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// From 0 up to `bound`, without it; 0 where there is nothing to choose from.
    package mutating func below(_ bound: Int) -> Int { bound > 1 ? Int(next() >> 33) % bound : 0 }

    package mutating func between(_ low: Int, _ high: Int) -> Int { low + below(high - low + 1) }

    /// True in `share` of a thousand.
    package mutating func chance(_ share: Int) -> Bool { share > 0 && below(1_000) < share }

    package mutating func pick<Element>(_ items: [Element]) -> Element { items[below(items.count)] }
}
