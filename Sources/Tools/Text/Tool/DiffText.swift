/// A script as people and programs read it.
struct DiffText {
    /// Lines that stay, shown around what changes.
    let context: Int

    /// Unified, as patch(1) takes it (POSIX diff, "Diff -u Output Format").
    func unified(_ old: [Substring], _ new: [Substring], _ steps: [LineDiff.Step], names: (String, String)) -> String {
        var text = ""
        for hunk in hunks(steps) {
            let part = steps[hunk]
            let (oldStart, newStart) = Self.start(steps, hunk.lowerBound)
            let oldCount = part.count { if case .added = $0 { false } else { true } }
            let newCount = part.count { if case .removed = $0 { false } else { true } }
            text += "@@ -\(Self.range(oldStart, oldCount)) +\(Self.range(newStart, newCount)) @@\n"
            for step in part {
                switch step {
                case .same(let index, _): text += " \(old[index])\n"
                case .removed(let index): text += "-\(old[index])\n"
                case .added(let index): text += "+\(new[index])\n"
                }
            }
        }
        return text.isEmpty ? "" : "--- \(names.0)\n+++ \(names.1)\n" + text
    }

    /// Words that went in `[-…-]`, words that came in `{+…+}`, as `git diff --word-diff` writes them.
    static func words(_ old: [Substring], _ new: [Substring], _ steps: [LineDiff.Step]) -> String {
        var text = ""
        var removed = "", added = ""
        func flush() {
            if !removed.isEmpty { text += "[-\(removed)-]" }
            if !added.isEmpty { text += "{+\(added)+}" }
            (removed, added) = ("", "")
        }
        for step in steps {
            switch step {
            case .same(let index, _):
                flush()
                text += old[index]
            case .removed(let index): removed += old[index]
            case .added(let index): added += new[index]
            }
        }
        flush()
        return text
    }

    /// Words, runs of blanks, and single marks.
    static func tokens(_ text: String) -> [Substring] {
        var tokens: [Substring] = []
        var start = text.startIndex
        while start < text.endIndex {
            let first = text[start]
            var end = text.index(after: start)
            if first.isLetter || first.isNumber {
                while end < text.endIndex, text[end].isLetter || text[end].isNumber { end = text.index(after: end) }
            } else if first.isWhitespace {
                while end < text.endIndex, text[end].isWhitespace { end = text.index(after: end) }
            }
            tokens.append(text[start..<end])
            start = end
        }
        return tokens
    }

    /// Ranges of steps around what changes, joined where their contexts meet.
    private func hunks(_ steps: [LineDiff.Step]) -> [Range<Int>] {
        var hunks: [Range<Int>] = []
        for (place, step) in steps.enumerated() {
            if case .same = step { continue }
            let range = max(0, place - context)..<min(steps.count, place + 1 + context)
            if let last = hunks.last, last.upperBound >= range.lowerBound {
                hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
            } else {
                hunks.append(range)
            }
        }
        return hunks
    }

    /// Lines of both sides before a step.
    private static func start(_ steps: [LineDiff.Step], _ place: Int) -> (Int, Int) {
        steps[..<place].reduce((0, 0)) { count, step in
            switch step {
            case .same: (count.0 + 1, count.1 + 1)
            case .removed: (count.0 + 1, count.1)
            case .added: (count.0, count.1 + 1)
            }
        }
    }

    private static func range(_ start: Int, _ count: Int) -> String {
        // An empty range names the line before it.
        let first = count == 0 ? start : start + 1
        return count == 1 ? "\(first)" : "\(first),\(count)"
    }
}
