package import Domain

/// Two runs step by step, side by side.
package struct RunDiff: Sendable, Hashable, Codable {
    package struct Step: Sendable, Hashable, Codable {
        package var step: Int
        package var node: String
        package var status: StepStatus
        package var input: JSONValue?
        package var output: JSONValue?
        package var durationMilliseconds: Int?
        /// In millionths of the tenant's currency, where a call says it.
        package var cost: Int?
        /// That a language model read and wrote.
        package var tokens: Int?

        package init(
            step: Int, node: String, status: StepStatus, input: JSONValue? = nil, output: JSONValue? = nil,
            durationMilliseconds: Int? = nil, cost: Int? = nil, tokens: Int? = nil
        ) {
            self.step = step
            self.node = node
            self.status = status
            self.input = input
            self.output = output
            self.durationMilliseconds = durationMilliseconds
            self.cost = cost
            self.tokens = tokens
        }

        enum CodingKeys: String, CodingKey {
            case step, node, status, input, output, cost, tokens
            case durationMilliseconds = "duration_ms"
        }
    }

    package enum Aspect: String, Sendable, Hashable, Codable, CaseIterable {
        case input, output, status, duration, cost, tokens
    }

    /// A visit in both runs, or in one of them alone.
    package struct Row: Sendable, Hashable, Codable {
        package var node: String
        package var left: Step?
        package var right: Step?
        /// In what both differ; empty where only one of them is there.
        package var differences: [Aspect]
    }

    /// In the order of the left run; what only the right one has follows what came before it there.
    package let rows: [Row]
    /// Of the right run over the left, where both are known.
    package let durationDifference: Int
    package let costDifference: Int
    package let tokensDifference: Int

    /// The n-th visit of a node on one side belongs to the n-th on the other: linear in both, and the same however the
    /// calls of a for-each came in.
    package init(_ left: [Step], _ right: [Step]) {
        let left = left.sorted { $0.step < $1.step }
        let right = right.sorted { $0.step < $1.step }
        var places: [Visit: Int] = [:]
        for (index, visit) in Self.visits(right).enumerated() { places[visit] = index }
        let partners = Self.visits(left).map { places[$0] }
        var isTaken = [Bool](repeating: false, count: right.count)
        for case let index? in partners { isTaken[index] = true }
        var rows: [Row] = []
        var shown = 0
        func showAlone(upTo end: Int) {
            while shown < end {
                if !isTaken[shown] { rows.append(Row(nil, right[shown])) }
                shown += 1
            }
        }
        for (index, step) in left.enumerated() {
            guard let partner = partners[index] else {
                rows.append(Row(step, nil))
                continue
            }
            showAlone(upTo: partner)
            rows.append(Row(step, right[partner]))
        }
        showAlone(upTo: right.count)
        self.rows = rows
        durationDifference = rows.reduce(0) { $0 &+ $1.difference(\.durationMilliseconds) }
        costDifference = rows.reduce(0) { $0 &+ $1.difference(\.cost) }
        tokensDifference = rows.reduce(0) { $0 &+ $1.difference(\.tokens) }
    }

    private struct Visit: Hashable {
        var node: String
        var count: Int
    }

    private static func visits(_ steps: [Step]) -> [Visit] {
        var counts: [String: Int] = [:]
        return steps.map { step in
            counts[step.node, default: 0] += 1
            return Visit(node: step.node, count: counts[step.node] ?? 0)
        }
    }
}

extension RunDiff.Row {
    fileprivate init(_ left: RunDiff.Step?, _ right: RunDiff.Step?) {
        self.left = left
        self.right = right
        node = left?.node ?? right?.node ?? ""
        differences = []
        guard let left, let right else { return }
        if left.input != right.input { differences.append(.input) }
        if left.output != right.output { differences.append(.output) }
        if left.status != right.status { differences.append(.status) }
        if left.durationMilliseconds != right.durationMilliseconds { differences.append(.duration) }
        if left.cost != right.cost { differences.append(.cost) }
        if left.tokens != right.tokens { differences.append(.tokens) }
    }

    fileprivate func difference(_ aspect: KeyPath<RunDiff.Step, Int?>) -> Int {
        guard let left = left?[keyPath: aspect], let right = right?[keyPath: aspect] else { return 0 }
        return right &- left
    }
}
