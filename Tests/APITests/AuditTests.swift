import API
import Domain
import FoundationEssentials
import Store
import Testing

@Suite(.timeLimit(.minutes(10))) struct AuditTests {
    @Test func whatWasDoneIsListedNewestFirstAndFiltered() async throws {
        try await House.with { house in
            let tenant = try await house.tenant()
            let owner = try await house.person(of: tenant)
            let auditor = try await house.person("auditor", of: tenant)
            let (persona, graph) = (try await house.persona(owner), try await house.graph(owner))
            let run = try await house.call(
                "POST", "/api/runs", as: owner, ["persona_id": .string(persona), "graph": .string(graph)]
            ).id
            func list(_ query: String) async throws -> [JSONValue] {
                try await house.call("GET", "/api/audit?\(query)", as: auditor).json["data"]?.array ?? []
            }
            let all = try await list("limit=200")
            let numbers = all.compactMap { $0["seq"]?.int }
            #expect(numbers == Array((1...Int64(all.count)).reversed()))
            #expect(all.first?["action"]?.string == "run.created")
            #expect(try await list("action=persona.created").count == 1)
            #expect(try await list("run_id=\(run)").map { $0["action"]?.string } == ["run.created"])
            #expect(
                try await list("actor=user:\(owner.user)").allSatisfy { $0["actor"]?.string == "user:\(owner.user)" })
            let middle = all[2]["at"]?.string ?? ""
            let before = try await list("to=\(middle)").count, after = try await list("from=\(middle)").count
            #expect(before + after == all.count)
            #expect(before > 0 && after > 0)
            let first = try await house.call("GET", "/api/audit?limit=2", as: auditor)
            let cursor = first.json["next_cursor"]?.string ?? ""
            #expect(try await list("limit=1&cursor=\(cursor)").first?["seq"]?.int == numbers[2])
            #expect(try await AuditLog(house.services.database).verify(tenant) == .intact(entries: all.count))
        }
    }
}
