import Domain
import FoundationEssentials
import OrchestratorCore
import Testing
import ToolKit

/// A run driven by hand, at one second an input; checks after each that folding the changes gives the same state.
struct Transcript {
    static let run = RunID("018f0000-0000-7000-8000-000000000001") ?? .new()

    static let tools = ToolCatalog([
        ToolDescriptor(name: "look", summary: "Reads.", effect: .read),
        ToolDescriptor(name: "send", summary: "Sends.", effect: .nonIdempotent, reconciler: "find"),
        ToolDescriptor(name: "post", summary: "Sends, cannot be looked up.", effect: .nonIdempotent),
        ToolDescriptor(name: "book", summary: "Can be recognised.", effect: .deduplicable, reconciler: "find"),
        ToolDescriptor(name: "find", summary: "Looks for an effect.", effect: .read),
    ])

    var machine: RunMachine
    var changes: [RunChange] = []
    var last = Transition()
    /// Every question put so far.
    var approvals: [ApprovalRequest] = []
    var now: Int64 = 0

    init(_ graph: JSONValue, input: JSONValue = [:]) throws {
        machine = try Self.machine(graph, input: input)
        give(.begin)
    }

    static func machine(_ graph: JSONValue, input: JSONValue = [:]) throws -> RunMachine {
        let identity = RunIdentity(
            run: run, tenant: TenantID(run.uuid), persona: PersonaID(run.uuid), input: input,
            effectKey: EffectKey(secret: Data(repeating: 7, count: 32)), tools: tools)
        return RunMachine(graph: try GraphDefinition(graph), identity: identity)
    }

    mutating func give(_ inputs: RunInput..., at time: Int64? = nil) {
        now = time ?? now + 1_000
        last = machine.advance(inputs, now: now)
        changes += last.changes
        approvals += last.approvals
        var replayed = RunMachine(graph: machine.graph, identity: machine.identity)
        replayed.replay(changes)
        #expect(replayed.state == machine.state)
        #expect((try? RunChange.decode(RunChange.encode(last.changes))) == last.changes)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = try? encoder.encode(last.changes)
        #expect((try? RunChange.encode(last.changes)) == text.map(Array.init))
        #expect((try? text.map { try JSONDecoder().decode([RunChange].self, from: $0) }) == last.changes)
        let snapshot = try? JSONEncoder().encode(machine.state)
        #expect((try? snapshot.map { try JSONDecoder().decode(RunState.self, from: $0) }) == machine.state)
    }

    /// `plan 2 look`, `again 2`, `settle 2 done`, `cancel 2`.
    var orders: [String] {
        last.orders.map { order in
            switch order {
            case .plan(let plan): "plan \(plan.step) \(plan.tool)"
            case .again(let step, _): "again \(step)"
            case .settle(let step, _, let failure): "settle \(step) \(failure == nil ? "done" : "failed")"
            case .cancel(let step): "cancel \(step)"
            }
        }
    }

    var plans: [JobPlan] {
        last.orders.compactMap { order in
            guard case .plan(let plan) = order else { return nil }
            return plan
        }
    }

    var events: [String] { last.events.map(\.kind.rawValue) }
    var status: RunStatus { machine.state.status }
    var values: JSONValue { machine.state.values }
}
