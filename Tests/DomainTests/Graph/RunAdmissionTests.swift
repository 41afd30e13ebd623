import Domain
import Testing

@Suite(.timeLimit(.minutes(2))) struct RunAdmissionTests {
    static func graph(_ members: JSONValue) -> JSONValue {
        var graph = members.object ?? [:]
        graph["start"] = "a"
        graph["nodes"] = ["a": ["type": "end"]]
        return .object(graph)
    }

    @Test func graphThatSaysNothingAdmitsEveryRunAtOnce() throws {
        #expect(try GraphDefinition(Self.graph([:])).admission(input: [:]) == RunAdmission())
    }

    @Test func keysAreMadeFromTheInput() throws {
        let graph = try GraphDefinition(
            Self.graph([
                "priority": 7, "concurrency": ["key": "concat('mailbox-', input.id)", "limit": 2],
                "debounce_seconds": 30, "debounce_key": "${input.id}", "max_steps": 50,
            ]))
        let admission = graph.admission(input: ["id": 3])
        #expect(admission.priority == 7 && admission.concurrencyKey == "mailbox-3" && admission.concurrencyLimit == 2)
        #expect(admission.debounceKey == "3" && admission.debounceSeconds == 30 && admission.fault == nil)
        #expect(graph.settings.maxSteps == 50)
    }

    @Test func keyThatCannotBeMadeOutIsSharedSoThatTheLimitHolds() throws {
        let graph = try GraphDefinition(
            Self.graph(["concurrency": ["key": "input.id + 1", "limit": 1], "debounce_seconds": 5]))
        let admission = graph.admission(input: ["id": "x"])
        #expect(admission.concurrencyKey == "?" && admission.fault?.code == .typeMismatch)
        #expect(admission.debounceKey == "" && admission.debounceSeconds == 5)
        let long = graph.admission(input: ["id": .string(String(repeating: "x", count: 300))])
        #expect(long.concurrencyKey == "?")
    }

    @Test(
        arguments: [
            (["concurrency": ["key": "state.x", "limit": 1]], "/concurrency/key"),
            (["concurrency": ["key": "input.x"]], "/concurrency"),
            (["concurrency": ["key": "input.x", "limit": 0]], "/concurrency/limit"),
            (["concurrency": 1], "/concurrency"), (["priority": 1_001], "/priority"),
            (["debounce_seconds": 0], "/debounce_seconds"), (["debounce_key": "input.x"], "/debounce_key"),
            (["max_steps": 100_001], "/max_steps"),
        ] as [(JSONValue, String)])
    func wrongSettingsAreNamed(_ members: JSONValue, _ pointer: String) throws {
        let error = try #require(throws: GraphFaults.self) { try GraphDefinition(Self.graph(members)) }
        #expect(error.faults.map(\.pointer).contains(pointer), "\(error)")
    }
}
