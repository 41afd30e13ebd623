/// All threads of a search at once, the preferred first; a place in the program is tried once a character.
struct PatternMachine {
    private struct Thread {
        var place: Int
        var saved: [Int]
    }

    private let pattern: Pattern
    private let text: [Unicode.Scalar]
    /// The character at which a place was last entered, plus one.
    private var entered: [Int]

    init(_ pattern: Pattern, _ text: [Unicode.Scalar]) {
        self.pattern = pattern
        self.text = text
        entered = [Int](repeating: -1, count: pattern.program.count)
    }

    mutating func run(from start: Int, budget: inout Pattern.Budget) throws(PatternFault) -> Pattern.Match? {
        let none = [Int](repeating: -1, count: (pattern.groups + 1) * 2)
        var now: [Thread] = []
        var best: [Int]?
        var position = start
        while position <= text.count {
            if best == nil { enter(0, none, at: position, into: &now, &budget) }
            guard !now.isEmpty || best == nil else { break }
            var later: [Thread] = []
            for thread in now {
                budget.steps -= 1
                if pattern.program[thread.place] == .match {
                    best = thread.saved
                    break  // what follows is less preferred
                }
                guard position < text.count, fits(thread.place, text[position]) else { continue }
                enter(thread.place + 1, thread.saved, at: position + 1, into: &later, &budget)
            }
            guard budget.steps > 0 else {
                throw PatternFault("the search took too much work; use a simpler pattern or less text")
            }
            now = later
            position += 1
        }
        return best.map { saved in
            Pattern.Match(
                range: saved[0]..<saved[1],
                groups: (1...max(1, pattern.groups)).prefix(pattern.groups).map { group in
                    let (low, high) = (saved[group * 2], saved[group * 2 + 1])
                    return low >= 0 && high >= low ? low..<high : nil
                })
        }
    }

    private func fits(_ place: Int, _ scalar: Unicode.Scalar) -> Bool {
        switch pattern.program[place] {
        case .scalar(let wanted): wanted == (pattern.ignoresCase ? scalar.lowered : scalar)
        case .any: scalar != "\n"
        case .set(let set):
            set.holds(scalar) || pattern.ignoresCase && (set.holds(scalar.lowered) || set.holds(scalar.raised))
        default: false
        }
    }

    /// Follows everything that takes no character.
    private mutating func enter(
        _ start: Int, _ saved: [Int], at position: Int, into list: inout [Thread], _ budget: inout Pattern.Budget
    ) {
        var stack = [Thread(place: start, saved: saved)]
        while var thread = stack.popLast() {
            guard entered[thread.place] != position else { continue }
            entered[thread.place] = position
            budget.steps -= 1
            switch pattern.program[thread.place] {
            case .jump(let place):
                thread.place = place
                stack.append(thread)
            case .split(let first, let second):
                stack.append(Thread(place: second, saved: thread.saved))
                stack.append(Thread(place: first, saved: thread.saved))
            case .save(let slot):
                thread.saved[slot] = position
                thread.place += 1
                stack.append(thread)
            case .lineStart, .lineEnd, .wordEdge:
                guard holds(thread.place, at: position) else { continue }
                thread.place += 1
                stack.append(thread)
            case .scalar, .any, .set, .match: list.append(thread)
            }
        }
    }

    private func holds(_ place: Int, at position: Int) -> Bool {
        switch pattern.program[place] {
        case .lineStart: return position == 0 || text[position - 1] == "\n"
        case .lineEnd: return position == text.count || text[position] == "\n"
        case .wordEdge(let wanted):
            let before = position > 0 && ScalarSet.isWord(text[position - 1])
            let after = position < text.count && ScalarSet.isWord(text[position])
            return (before != after) == wanted
        default: return false
        }
    }
}
