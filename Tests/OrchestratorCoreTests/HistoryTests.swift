import Domain
import FoundationEssentials
import OrchestratorCore
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(2))) struct HistoryTests {
    @Test(arguments: RecordedRun.all.indices) func everyRunIsRecorded(_ index: Int) throws {
        let run = RecordedRun.all[index]
        let isWanted = ProcessInfo.processInfo.environment["PERSONA_RECORD_HISTORIES"] != nil
        if isWanted, !FileManager.default.fileExists(atPath: run.file.path) {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
            try (encoder.encode(run.record()) + Data("\n".utf8)).write(to: run.file)
        }
        let stored = try JSONDecoder().decode(RunHistory.self, from: Data(contentsOf: run.file))
        #expect(stored.turns.count == run.moves.count + (run.origin == nil ? 1 : 0))
    }

    @Test(arguments: RecordedRun.files) func recordedRunComesOutTheSame(_ file: URL) throws {
        let history = try JSONDecoder().decode(RunHistory.self, from: Data(contentsOf: file))
        let divergence = try history.divergence()
        #expect(divergence == nil, "\(divergence?.description ?? "")")
        let ended = Fork.state(snapshot: nil, changes: history.changes)
        #expect(ended.status.isFinal)
    }

    // MARK: Changed graphs

    static func changed(_ node: String, _ member: String, _ value: JSONValue) throws -> GraphDefinition {
        var graph = RecordedRun.all[0].graph.object ?? [:]
        var nodes = graph["nodes"]?.object ?? [:]
        var spec = nodes[node]?.object ?? [:]
        spec[member] = value
        nodes[node] = .object(spec)
        graph["nodes"] = .object(nodes)
        return try GraphDefinition(.object(graph))
    }

    @Test(
        arguments: [
            ("read", "tool", "book", "read"), ("pages", "max_parallel", 1, "pages.do"),
            ("pages", "into", "found", nil), ("answer", "output", "other", nil),
            ("answer", "input", "${state.log}", nil),
        ] as [(String, String, JSONValue, String?)])
    func changedGraphIsDetectedAndNamed(
        _ node: String, _ member: String, _ value: JSONValue, _ named: String?
    ) throws {
        let history = try RecordedRun.all[0].record()
        let divergence = try #require(try history.divergence(graph: try Self.changed(node, member, value)))
        if let named { #expect(divergence.node == named, "\(divergence)") }
        #expect(!divergence.description.isEmpty)
    }

    @Test func recordAloneTellsThatItsGraphWasChanged() throws {
        let history = try RecordedRun.all[0].record()
        let changes = history.turns.flatMap(\.changes)
        #expect(Divergence.first(in: changes, against: try GraphDefinition(history.graph)) == nil)
        let other = try Self.changed("read", "tool", "book")
        #expect(Divergence.first(in: changes, against: other)?.node == "read")
        for run in RecordedRun.all {
            let own = try run.record()
            #expect(
                Divergence.first(in: own.changes, against: try GraphDefinition(run.graph)) == nil,
                "\(run.name)")
        }
    }

    // MARK: Earlier versions

    /// A delta and a snapshot as the first version stored them.
    static let delta = """
        [{"began":{}},{"opened":{"_1":{"activity":{"ready":{}},"node":"a","step":0},"strand":1}},
         {"visited":{"step":1,"strand":1}},
         {"looped":{"items":["x","y"],"strand":1}},
         {"called":{"_0":{"failures":0,"item":0,"kind":"tool","node":"a.do","repeats":0,"step":2,"strand":1,"tool":"look"}}},
         {"called":{"_0":{"failures":0,"item":1,"kind":"tool","node":"a.do","repeats":0,"step":3,"strand":1,"tool":"look"}}},
         {"closed":{"step":3}},{"itemSucceeded":{"index":1,"output":"Y","strand":1}},
         {"retried":{"failures":1,"repeats":0,"step":2}}]
        """
    static let snapshot = """
        {"jobs":{"2":{"failures":1,"item":0,"kind":"tool","node":"a.do","repeats":0,"step":2,"strand":1,"tool":"look"}},
         "lastStrand":1,"signals":[],"status":"running","steps":3,
         "strands":{"1":{"activity":{"looping":{"_0":{"active":1,"failures":{},"items":["x","y"],"next":2,
         "outputs":{"1":"Y"}}}},"node":"a","step":1}},"values":{}}
        """

    @Test func runOfTheFirstVersionGoesOn() throws {
        let changes = try RunChange.decode(Self.delta.utf8)
        let state = try JSONDecoder().decode(RunState.self, from: Data(Self.snapshot.utf8))
        #expect(Fork.state(snapshot: nil, changes: changes) == state)
        var run = try Transcript(
            RunMachineTests.single([
                "type": "for_each", "items": "['x', 'y']", "do": ["type": "tool", "tool": "look"], "into": "all",
                "next": "e",
            ]))
        run.machine = RunMachine(graph: run.machine.graph, identity: run.machine.identity, state: state)
        run.changes = changes
        run.give(.jobDone(step: 2, output: "X"))
        #expect(run.status == .succeeded && run.values["all"] == ["X", "Y"])
    }
}
