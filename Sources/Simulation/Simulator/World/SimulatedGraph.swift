import Domain
import Synchronization

/// A random graph: a chain of pieces, each of one kind of node, with error routes, a loop and branches.
struct SimulatedGraph: Sendable {
    let definition: GraphDefinition
    /// What its wait nodes wait for.
    let signals: [String]

    /// Graphs that worlds choose from: reading one takes longer than many a run.
    static let poolSize = 400
    private static let made = Mutex<[Int: SimulatedGraph]>([:])

    /// The same graph for the same number, in every process.
    static func pool(_ number: Int) throws(GraphFaults) -> SimulatedGraph {
        if let graph = made.withLock({ $0[number] }) { return graph }
        var draft = Draft(random: SeededGenerator(seed: UInt64(number) &+ 7_000_000))
        let definition = try GraphDefinition(draft.write())
        let graph = SimulatedGraph(definition: definition, signals: draft.signals)
        made.withLock { $0[number] = graph }
        return graph
    }

    private struct Draft {
        var random: SeededGenerator
        var nodes: [String: JSONValue] = [:]
        var signals: [String] = []

        mutating func write() -> JSONValue {
            let count = random.between(1, 4)
            for number in 0..<count {
                let next = number + 1 < count ? "n\(number + 1)" : "end"
                piece("n\(number)", next)
            }
            nodes["end"] = ["type": "end", "output": ["state": "${state}"]]
            return [
                "start": "n0", "reducers": ["log": "append", "errors": "append"], "nodes": .object(nodes),
            ]
        }

        private mutating func piece(_ id: String, _ next: String) {
            switch random.below(8) {
            case 0, 1, 2: nodes[id] = .object(tool(next: next))
            case 3: choice(id, next)
            case 4: loop(id, next)
            case 5: branches(id, next)
            case 6: nodes[id] = .object(wait(next: next))
            default: cycle(id, next)
            }
        }

        private mutating func tool(next: String?) -> [String: JSONValue] {
            let name = random.pick(["look", "put", "book", "send", "send", "post"])
            var node: [String: JSONValue] = [
                "type": "tool", "tool": .string(name), "input": ["n": "${input.n}"], "output": "log",
                "retry": [
                    "attempts": .int(Int64(random.between(1, 3))),
                    "backoff_ms": .int(Int64(random.pick([0, 50, 400]))),
                ],
            ]
            if let next { node["next"] = .string(next) }
            if random.chance(600) { node["on_error"] = ["output": "errors"] }
            return node
        }

        private mutating func choice(_ id: String, _ next: String) {
            nodes[id] = [
                "type": "choice", "cases": [["when": "input.n > 0", "next": .string("\(id)a")]],
                "default": .string(next),
            ]
            nodes["\(id)a"] = .object(tool(next: next))
        }

        private mutating func loop(_ id: String, _ next: String) {
            var node: [String: JSONValue] = [
                "type": "for_each", "items": "input.items", "do": body(), "into": "log",
                "max_parallel": .int(Int64(random.between(1, 3))), "next": .string(next),
            ]
            if random.chance(600) { node["collect_errors_into"] = "errors" }
            if random.chance(500) { node["on_error"] = ["output": "errors"] }
            nodes[id] = .object(node)
        }

        /// What a loop does with an item: a call, a list, or a graph that decides and branches.
        private mutating func body() -> JSONValue {
            var call = tool(next: nil)
            call["input"] = ["item": "${item}"]
            switch random.below(4) {
            case 0:
                return [.object(call), ["type": "set", "values": ["seen": "${local.log}"]], .object(tool(next: nil))]
            case 1:
                call["next"] = "done"
                return [
                    "start": "which", "reducers": ["log": "append", "errors": "append"],
                    "nodes": [
                        "which": [
                            "type": "choice", "cases": [["when": "index == input.n", "next": "call"]],
                            "default": "both",
                        ],
                        "call": .object(call),
                        "both": [
                            "type": "parallel", "join": "done",
                            "branches": [[.object(tool(next: nil))], [.object(tool(next: nil))]],
                        ],
                        "done": ["type": "end", "output": "${local}"],
                    ],
                ]
            default:
                call["output"] = nil
                call["on_error"] = nil
                return .object(call)
            }
        }

        private mutating func branches(_ id: String, _ next: String) {
            var branches: [JSONValue] = []
            for _ in 0..<random.between(2, 3) {
                var line = [JSONValue.object(tool(next: nil))]
                if random.chance(300) { line.append(.object(wait(next: nil))) }
                if random.chance(300) { line.append(.object(tool(next: nil))) }
                branches.append(.array(line))
            }
            var node: [String: JSONValue] = ["type": "parallel", "branches": .array(branches), "join": .string(next)]
            if random.chance(500) { node["on_error"] = ["output": "errors"] }
            nodes[id] = .object(node)
        }

        private mutating func wait(next: String?) -> [String: JSONValue] {
            let signal = random.pick(["go", "stay"])
            if !signals.contains(signal) { signals.append(signal) }
            var node: [String: JSONValue] = ["type": "wait", "signal": .string(signal), "output": "log"]
            if let next { node["next"] = .string(next) }
            if random.chance(500) { node["timeout_seconds"] = .int(Int64(random.between(1, 12))) }
            if random.chance(700) { node["on_error"] = ["output": "errors"] }
            return node
        }

        /// Round twice at most: counted in the state.
        private mutating func cycle(_ id: String, _ next: String) {
            let count = "count_\(id)"
            nodes[id] = [
                "type": "set", "values": [count: .string("${default(state.\(count), 0) + 1}")],
                "next": .string("\(id)b"),
            ]
            nodes["\(id)b"] = .object(tool(next: "\(id)c"))
            nodes["\(id)c"] = [
                "type": "choice", "cases": [["when": .string("state.\(count) < 2"), "next": .string(id)]],
                "default": .string(next),
            ]
        }
    }
}
