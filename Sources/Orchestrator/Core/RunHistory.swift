package import Domain
import FoundationEssentials
package import ToolKit

/// A run as it was driven: what came to it when, and what it made of it. Replayed against the same graph it gives the
/// same changes, in every later version of the platform.
package struct RunHistory: Sendable, Codable {
    package struct Turn: Sendable, Hashable, Codable {
        /// Milliseconds since 1970.
        package var now: Int64
        package var inputs: [RunInput]
        package var changes: [RunChange]
        /// SHA-256 of the canonical JSON of the whole transition: its steps, events and orders too.
        package var digest: String
    }

    package var name: String
    package var run: RunID
    package var input: JSONValue
    package var profile: JSONValue
    package var graph: JSONValue
    package var tools: [ToolDescriptor]
    /// Changes before the first turn, which no input made: a fork's, or a migration's. Absent from most records.
    package var origin: [RunChange]?
    package private(set) var turns: [Turn] = []

    package init(
        name: String, run: RunID, input: JSONValue, profile: JSONValue = [:], graph: JSONValue, tools: [ToolDescriptor],
        origin: [RunChange]? = nil
    ) {
        self.name = name
        self.run = run
        self.input = input
        self.profile = profile
        self.graph = graph
        self.tools = tools
        self.origin = origin
    }

    /// A machine at the beginning of the run, with `graph` in place of its own where one is given. Effect keys are made
    /// with a fixed secret: histories hold none.
    package func machine(graph other: GraphDefinition? = nil) throws(GraphFaults) -> RunMachine {
        let identity = RunIdentity(
            run: run, tenant: TenantID(run.uuid), persona: PersonaID(run.uuid), input: input, profile: profile,
            effectKey: EffectKey(secret: Data(repeating: 7, count: 32)), tools: ToolCatalog(tools))
        let graph = if let other { other } else { try GraphDefinition(graph) }
        var machine = RunMachine(graph: graph, identity: identity)
        machine.replay(origin ?? [])
        return machine
    }

    /// Notes what `inputs` at `now` made of the run: `transition`.
    package mutating func record(_ inputs: [RunInput], now: Int64, _ transition: Transition) throws {
        turns.append(
            Turn(now: now, inputs: inputs, changes: transition.changes, digest: try Self.digest(of: transition)))
    }

    package static func digest(of transition: Transition) throws -> String {
        try ContentDigest.hex(of: JSONValue(encoding: transition))
    }

    /// All that has changed the run, in order.
    package var changes: [RunChange] { (origin ?? []) + turns.flatMap(\.changes) }

    /// Drives the run once more. `nil`: everything came out as it was recorded; else the first thing that did not.
    package func divergence(graph: GraphDefinition? = nil) throws -> Divergence? {
        var machine = try machine(graph: graph)
        for (index, turn) in turns.enumerated() {
            let before = machine.state
            let transition = machine.advance(turn.inputs, now: turn.now)
            for offset in 0..<max(turn.changes.count, transition.changes.count) {
                let recorded = turn.changes.count > offset ? turn.changes[offset] : nil
                let found = transition.changes.count > offset ? transition.changes[offset] : nil
                guard recorded != found else { continue }
                var state = before
                for change in turn.changes.prefix(offset) { state.apply(change) }
                let node = (recorded ?? found).flatMap { $0.node(in: state) }
                return Divergence(turn: index, change: offset, node: node, recorded: recorded, found: found)
            }
            guard try Self.digest(of: transition) == turn.digest else {
                return Divergence(turn: index, change: turn.changes.count, node: nil, recorded: nil, found: nil)
            }
        }
        return nil
    }
}

/// Where a graph (or a version of the platform) leads elsewhere than a run's record.
package struct Divergence: Error, Sendable, Hashable, CustomStringConvertible {
    /// Counted from 0: the transition, and the change in it.
    package var turn: Int
    package var change: Int
    /// The node at which the record and the graph part.
    package var node: String?
    package var recorded: RunChange?
    package var found: RunChange?

    package var description: String {
        let place = node.map { "at '\($0)'" } ?? "in transition \(turn)"
        guard recorded != nil || found != nil else {
            return "\(place) the same changes came with other steps, events or orders than recorded"
        }
        let first = recorded.map { "\($0)" } ?? "nothing"
        let second = found.map { "\($0)" } ?? "nothing"
        return "\(place) the record has \(first) where the graph gives \(second)"
    }
}

extension RunChange {
    /// The node that the change is about, in the state before it.
    func node(in state: RunState) -> String? {
        switch self {
        case .opened(_, let strand): strand.node
        case .called(let job): job.node
        case .counted(_, let node): node
        case .owed(let compensation): compensation.node
        case .retried(let step, _, _), .doubted(let step, _), .closed(let step): state.jobs[step]?.node
        case .moved(let id, _), .visited(let id, _), .waited(let id, _, _), .slept(let id, _), .asked(let id, _),
            .bounded(let id, _), .paused(let id, _, _), .resumed(let id), .looped(let id, _), .joined(let id, _),
            .itemSucceeded(let id, _, _), .itemFailed(let id, _, _), .ended(let id):
            state.strands[id]?.node
        case .began, .stepped, .wrote, .framed, .wroteInside, .kept, .consumed, .unwound, .repaid, .became, .finished,
            .forked, .migrated:
            nil
        }
    }
}
