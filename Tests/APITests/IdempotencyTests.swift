import API
import Domain
import HTTPClient
import Testing

@Suite(.timeLimit(.minutes(10))) struct IdempotencyTests {
    private func make(
        _ house: House, _ person: House.Person, key: String, name: String = "A"
    ) async throws -> House.Answer {
        try await house.call(
            "POST", "/api/personas", as: person, ["slug": "a", "name": .string(name), "definition": [:]],
            headers: ["Idempotency-Key": key])
    }

    @Test func theSameRequestGetsTheSameAnswer() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let first = try await make(house, owner, key: "k1")
            let second = try await make(house, owner, key: "k1")
            #expect(first.status == 201)
            #expect(second.status == 201)
            #expect(second.body == first.body)
            #expect(second.headers["ETag"] == first.headers["ETag"])
            #expect(try await house.call("GET", "/api/personas", as: owner).ids.count == 1)
        }
    }

    @Test func anotherRequestWithTheKeyIsRefused() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            _ = try await make(house, owner, key: "k1")
            let other = try await make(house, owner, key: "k1", name: "B")
            #expect(other.status == 422)
            #expect(other.problem == "idempotency-key-reused")
            let elsewhere = try await house.call(
                "POST", "/api/graphs", as: owner, ["slug": "a", "name": "A", "definition": House.graph],
                headers: ["Idempotency-Key": "k1"])
            #expect(elsewhere.status == 422)
        }
    }

    @Test func keysOfTwoPeopleAreApart() async throws {
        try await House.with { house in
            let tenant = try await house.tenant()
            let (one, two) = (try await house.person(of: tenant), try await house.person("admin", of: tenant))
            #expect(try await make(house, one, key: "k").status == 201)
            #expect(try await make(house, two, key: "k").status == 409)
        }
    }

    @Test func manyAtOnceMakeOneRun() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let (persona, graph) = (try await house.persona(owner), try await house.graph(owner))
            let answers = try await withThrowingTaskGroup(of: House.Answer.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await house.call(
                            "POST", "/api/runs", as: owner,
                            ["persona_id": .string(persona), "graph": .string(graph), "input": ["word": "x"]],
                            headers: ["Idempotency-Key": "once"])
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 201 })
            #expect(Set(answers.map(\.id)).count == 1)
            #expect(Set(answers.compactMap { $0.headers["Location"] }).count == 1)
            #expect(try await house.call("GET", "/api/runs", as: owner).ids.count == 1)
        }
    }

    @Test func aRefusedRequestFreesItsKey() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            _ = try await house.persona(owner, slug: "a")
            #expect(try await make(house, owner, key: "k").status == 409)
            let other = try await house.call(
                "POST", "/api/personas", as: owner, ["slug": "b", "name": "B", "definition": [:]],
                headers: ["Idempotency-Key": "k"])
            #expect(other.status == 201)
        }
    }

    @Test func anUploadIsBoundToItsBytes() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            func upload(_ text: String) async throws -> House.Answer {
                try await house.call(
                    "POST", "/api/files?name=a.txt", as: owner, bytes: Array(text.utf8),
                    headers: ["Idempotency-Key": "file"])
            }
            let first = try await upload("one")
            #expect(try await upload("one").id == first.id)
            #expect(try await upload("two").status == 422)
        }
    }

    @Test func aKeyHasItsLength() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let long = String(repeating: "k", count: 256)
            #expect(try await make(house, owner, key: long).status == 400)
            #expect(try await make(house, owner, key: String(long.dropLast())).status == 201)
        }
    }
}
