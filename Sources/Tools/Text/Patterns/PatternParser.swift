/// A pattern as a tree.
indirect enum PatternTree {
    case nothing
    case one(Pattern.Instruction)
    case chain([PatternTree])
    case choice([PatternTree])
    case group(Int, PatternTree)
    case repeated(PatternTree, least: Int, most: Int?, isLazy: Bool)
}

struct PatternParser {
    private let text: [Unicode.Scalar]
    private var index = 0
    private var depth = 0
    private(set) var groups = 0
    private(set) var ignoresCase = false

    init(_ text: String) {
        self.text = Array(text.unicodeScalars)
        if self.text.starts(with: "(?i)".unicodeScalars) {
            ignoresCase = true
            index = 4
        }
    }

    mutating func parse() throws(PatternFault) -> PatternTree {
        let tree = try choice()
        guard index == text.count else { throw PatternFault("')' at character \(index + 1) closes nothing") }
        return tree
    }

    private var next: Unicode.Scalar? { index < text.count ? text[index] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        index += 1
        return true
    }

    private mutating func choice() throws(PatternFault) -> PatternTree {
        var branches = [try chain()]
        while take("|") { branches.append(try chain()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func chain() throws(PatternFault) -> PatternTree {
        var parts: [PatternTree] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            let atom = try atom()
            parts.append(try quantified(atom))
        }
        return parts.isEmpty ? .nothing : .chain(parts)
    }

    private mutating func quantified(_ atom: PatternTree) throws(PatternFault) -> PatternTree {
        var least = 0
        var most: Int?
        switch next {
        case "*": index += 1
        case "+":
            least = 1
            index += 1
        case "?":
            most = 1
            index += 1
        case "{":
            guard let bounds = try bounds() else { return atom }
            (least, most) = bounds
        default: return atom
        }
        let isLazy = take("?")
        if let mark = next, mark == "*" || mark == "+" {
            throw PatternFault("'\(mark)' at character \(index + 1) repeats a repetition")
        }
        return .repeated(atom, least: least, most: most, isLazy: isLazy)
    }

    /// `{2}`, `{2,}`, `{2,5}`; `nil` for a brace that is none of these and stands for itself.
    private mutating func bounds() throws(PatternFault) -> (Int, Int?)? {
        guard let end = text[index...].firstIndex(of: "}") else { return nil }
        let inside = String(String.UnicodeScalarView(text[(index + 1)..<end]))
        let parts = inside.split(separator: ",", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let least = Int(parts[0]), least >= 0 else { return nil }
        let most = parts.count == 1 ? least : parts[1].isEmpty ? nil : Int(parts[1])
        if parts.count == 2, !parts[1].isEmpty, most == nil { return nil }
        guard max(least, most ?? 0) <= Pattern.mostRepeats else {
            throw PatternFault("'{\(inside)}' asks for more than \(Pattern.mostRepeats) repeats")
        }
        guard most.map({ $0 >= least }) ?? true else { throw PatternFault("'{\(inside)}' ends before it begins") }
        index = end + 1
        return (least, most)
    }

    private mutating func atom() throws(PatternFault) -> PatternTree {
        guard let scalar = next else { return .nothing }
        index += 1
        switch scalar {
        case ".": return .one(.any)
        case "^": return .one(.lineStart)
        case "$": return .one(.lineEnd)
        case "[": return .one(.set(try set()))
        case "\\": return .one(try escaped())
        case "(": return try group()
        case "*", "+", "?": throw PatternFault("'\(scalar)' at character \(index) repeats nothing")
        default: return .one(.scalar(scalar))
        }
    }

    private mutating func group() throws(PatternFault) -> PatternTree {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Pattern.deepest else { throw PatternFault("groups nest at most \(Pattern.deepest) deep") }
        var number: Int?
        if take("?") {
            guard take(":") else {
                throw PatternFault("'(?' at character \(index) is no group '(?:…)'; look-around is not supported")
            }
        } else {
            groups += 1
            number = groups
            guard groups <= Pattern.mostGroups else { throw PatternFault("at most \(Pattern.mostGroups) groups") }
        }
        let start = index
        let inside = try choice()
        guard take(")") else { throw PatternFault("'(' at character \(start) is not closed") }
        return number.map { .group($0, inside) } ?? inside
    }

    private mutating func escaped() throws(PatternFault) -> Pattern.Instruction {
        guard let scalar = next else { throw PatternFault("the pattern ends in '\\'") }
        index += 1
        switch scalar {
        case "b": return .wordEdge(true)
        case "B": return .wordEdge(false)
        default:
            if let known = Self.class(scalar) { return .set(known) }
            return .scalar(try Self.plain(scalar))
        }
    }

    private static func `class`(_ scalar: Unicode.Scalar) -> ScalarSet? {
        switch scalar {
        case "d": ScalarSet(kinds: [.digit])
        case "w": ScalarSet(kinds: [.word])
        case "s": ScalarSet(kinds: [.space])
        case "D": ScalarSet(excluded: [.digit])
        case "W": ScalarSet(excluded: [.word])
        case "S": ScalarSet(excluded: [.space])
        default: nil
        }
    }

    private static func plain(_ scalar: Unicode.Scalar) throws(PatternFault) -> Unicode.Scalar {
        switch scalar {
        case "t": return "\t"
        case "n": return "\n"
        case "r": return "\r"
        case "0"..."9": throw PatternFault("'\\\(scalar)': back-references are not supported")
        case "a"..."z", "A"..."Z": throw PatternFault("'\\\(scalar)' is not supported")
        default: return scalar
        }
    }

    private mutating func set() throws(PatternFault) -> ScalarSet {
        let start = index
        var set = ScalarSet()
        set.isInverted = take("^")
        var isFirst = true
        while let scalar = next, scalar != "]" || isFirst {
            isFirst = false
            guard let low = try member(&set) else { continue }
            guard next == "-", index + 1 < text.count, text[index + 1] != "]" else {
                set.ranges.append(low.value...low.value)
                continue
            }
            index += 1
            guard let high = try member(&set), high.value >= low.value else {
                throw PatternFault("the range from '\(low)' ends before it begins")
            }
            set.ranges.append(low.value...high.value)
        }
        guard take("]") else { throw PatternFault("'[' at character \(start) is not closed") }
        return set
    }

    /// One scalar, or `nil` where a class was added.
    private mutating func member(_ set: inout ScalarSet) throws(PatternFault) -> Unicode.Scalar? {
        guard let scalar = next else { throw PatternFault("a set '[' is not closed") }
        index += 1
        guard scalar == "\\" else { return scalar }
        guard let escaped = next else { throw PatternFault("the pattern ends in '\\'") }
        index += 1
        if let known = Self.class(escaped) {
            set.kinds += known.kinds
            set.excluded += known.excluded
            return nil
        }
        return try Self.plain(escaped)
    }
}
