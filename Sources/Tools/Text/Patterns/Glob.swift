/// File names by pattern, as shells write it: `*` and `?` within a name, `[a-z]`, `{csv,tsv}`, `**` for any folders. A
/// pattern without a slash fits names in any folder. Matching takes time in proportion to both lengths.
package struct Glob: Sendable {
    private let alternatives: [[[Unicode.Scalar]]]

    /// Bytes of a pattern.
    package static let longest = 500
    /// What `{…,…}` may multiply into.
    private static let mostAlternatives = 64

    package init(_ text: String) throws(PatternFault) {
        guard !text.isEmpty, text.utf8.count <= Self.longest else {
            throw PatternFault("a file pattern has from 1 to \(Self.longest) bytes")
        }
        var open = [Array(text.unicodeScalars)]
        var closed: [[Unicode.Scalar]] = []
        while let next = open.popLast() {
            guard open.count + closed.count < Self.mostAlternatives else {
                throw PatternFault("a file pattern has at most \(Self.mostAlternatives) alternatives")
            }
            if let parts = Self.expand(next) { open += parts } else { closed.append(next) }
        }
        alternatives = closed.map { scalars in
            var steps = scalars.split(separator: "/", omittingEmptySubsequences: true).map(Array.init)
            if steps.count == 1, steps[0] != ["*", "*"] { steps.insert(["*", "*"], at: 0) }
            return steps
        }
    }

    /// Whether a relative path fits.
    package func matches(_ path: [String]) -> Bool {
        let steps = path.map { Array($0.unicodeScalars) }
        return alternatives.contains { Self.fits($0, steps) }
    }

    /// The first `{a,b}` as its alternatives.
    private static func expand(_ text: [Unicode.Scalar]) -> [[Unicode.Scalar]]? {
        guard let open = text.firstIndex(of: "{"), let close = text[open...].firstIndex(of: "}") else { return nil }
        let start = text[..<close].lastIndex(of: "{") ?? open
        let parts = text[(start + 1)..<close].split(separator: ",", omittingEmptySubsequences: false)
        return parts.map { Array(text[..<start]) + $0 + text[(close + 1)...] }
    }

    /// Folders with `**`, by the row of a table: which numbers of steps the pattern so far can have taken.
    private static func fits(_ pattern: [[Unicode.Scalar]], _ path: [[Unicode.Scalar]]) -> Bool {
        var taken = [true] + [Bool](repeating: false, count: path.count)
        for step in pattern {
            var next = [Bool](repeating: false, count: path.count + 1)
            if step == ["*", "*"] {
                var isOpen = false
                for place in 0...path.count {
                    isOpen = isOpen || taken[place]
                    next[place] = isOpen
                }
            } else {
                for place in 0..<path.count where taken[place] { next[place + 1] = fits(step, name: path[place]) }
            }
            taken = next
        }
        return taken[path.count]
    }

    /// One name: greedy with one place to go back to, which is enough for `*`.
    private static func fits(_ pattern: [Unicode.Scalar], name: [Unicode.Scalar]) -> Bool {
        var (place, index) = (0, 0)
        var star: (place: Int, index: Int)?
        while index < name.count {
            if place < pattern.count, pattern[place] == "*" {
                star = (place, index)
                place += 1
            } else if let next = one(pattern, place, name[index]) {
                place = next
                index += 1
            } else if let back = star {
                star = (back.place, back.index + 1)
                place = back.place + 1
                index = back.index + 1
            } else {
                return false
            }
        }
        while place < pattern.count, pattern[place] == "*" { place += 1 }
        return place == pattern.count
    }

    /// The place after the element that `scalar` fits, or `nil`.
    private static func one(_ pattern: [Unicode.Scalar], _ place: Int, _ scalar: Unicode.Scalar) -> Int? {
        guard place < pattern.count else { return nil }
        if pattern[place] == "?" { return place + 1 }
        if pattern[place] == "[", let close = pattern[(place + 1)...].dropFirst().firstIndex(of: "]") {
            return inSet(pattern[(place + 1)..<close], scalar) ? close + 1 : nil
        }
        return pattern[place] == scalar ? place + 1 : nil
    }

    private static func inSet(_ set: ArraySlice<Unicode.Scalar>, _ scalar: Unicode.Scalar) -> Bool {
        var rest = set
        let isInverted = rest.first == "!" || rest.first == "^"
        if isInverted { rest.removeFirst() }
        var isIn = false
        while let low = rest.popFirst() {
            if rest.count >= 2, rest.first == "-" {
                rest.removeFirst()
                if let high = rest.popFirst() { isIn = isIn || low.value <= scalar.value && scalar.value <= high.value }
            } else {
                isIn = isIn || low == scalar
            }
        }
        return isIn != isInverted
    }
}
