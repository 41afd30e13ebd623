/// The shortest script from one list to another (E. W. Myers, "An O(ND) Difference Algorithm", 1986), bounded: lists
/// that differ in more than `mostEdits` places are taken as replaced where they differ.
package struct LineDiff: Sendable {
    package enum Step: Sendable, Hashable {
        case same(Int, Int)
        case removed(Int)
        case added(Int)
    }

    package private(set) var steps: [Step] = []
    /// Whether it is the shortest script.
    package private(set) var isExact = true

    /// Memory grows with the square of the edits.
    static let mostEdits = 2_000

    package init<Item: Hashable>(_ old: [Item], _ new: [Item]) {
        var head = 0
        while head < old.count, head < new.count, old[head] == new[head] { head += 1 }
        var tail = 0
        while tail < old.count - head, tail < new.count - head, old[old.count - 1 - tail] == new[new.count - 1 - tail] {
            tail += 1
        }
        steps = (0..<head).map { .same($0, $0) }
        // Numbers compare faster than texts.
        var ids: [Item: Int] = [:]
        func numbered(_ items: ArraySlice<Item>) -> [Int] {
            items.map { item in
                let id = ids[item] ?? ids.count
                ids[item] = id
                return id
            }
        }
        let left = numbered(old[head..<(old.count - tail)]), right = numbered(new[head..<(new.count - tail)])
        if let middle = Self.script(left, right) {
            steps += middle.map { $0.moved(by: head) }
        } else {
            isExact = false
            steps += left.indices.map { .removed($0 + head) } + right.indices.map { .added($0 + head) }
        }
        steps += (0..<tail).map { .same(old.count - tail + $0, new.count - tail + $0) }
    }

    private static func script(_ old: [Int], _ new: [Int]) -> [Step]? {
        let most = min(mostEdits, old.count + new.count)
        var reach = [Int](repeating: 0, count: 2 * most + 3)
        let middle = most + 1
        var trace: [[Int]] = []
        for edits in 0...most {
            for diagonal in stride(from: -edits, through: edits, by: 2) {
                let isDown =
                    diagonal == -edits
                    || diagonal != edits && reach[middle + diagonal - 1] < reach[middle + diagonal + 1]
                var x = isDown ? reach[middle + diagonal + 1] : reach[middle + diagonal - 1] + 1
                while x < old.count, x - diagonal < new.count, x - diagonal >= 0, old[x] == new[x - diagonal] { x += 1 }
                reach[middle + diagonal] = x
                if x >= old.count, x - diagonal >= new.count {
                    return back(trace, from: (old.count, new.count), edits: edits)
                }
            }
            trace.append(Array(reach[(middle - edits)...(middle + edits)]))
        }
        return nil
    }

    /// Walks the furthest reaches of each number of edits backwards.
    private static func back(_ trace: [[Int]], from end: (Int, Int), edits: Int) -> [Step] {
        var steps: [Step] = []
        var (x, y) = end
        var left = edits
        while left > 0 {
            let before = trace[left - 1]
            func reach(_ diagonal: Int) -> Int {
                before.indices.contains(diagonal + left - 1) ? before[diagonal + left - 1] : -1
            }
            let diagonal = x - y
            let isDown = diagonal == -left || diagonal != left && reach(diagonal - 1) < reach(diagonal + 1)
            let previous = isDown ? diagonal + 1 : diagonal - 1
            let (startX, startY) = (reach(previous), reach(previous) - previous)
            while x > (isDown ? startX : startX + 1), y > (isDown ? startY + 1 : startY) {
                x -= 1
                y -= 1
                steps.append(.same(x, y))
            }
            steps.append(isDown ? .added(y - 1) : .removed(x - 1))
            (x, y) = (startX, startY)
            left -= 1
        }
        while x > 0, y > 0 {
            x -= 1
            y -= 1
            steps.append(.same(x, y))
        }
        return steps.reversed()
    }
}

extension LineDiff.Step {
    fileprivate func moved(by offset: Int) -> Self {
        switch self {
        case .same(let old, let new): .same(old + offset, new + offset)
        case .removed(let old): .removed(old + offset)
        case .added(let new): .added(new + offset)
        }
    }
}
