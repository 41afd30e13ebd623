import API
import Domain
import FoundationEssentials
import HTTPClient
import Postgres
import TestKit
import Testing

@Suite(.timeLimit(.minutes(2))) struct ScheduleTests {
    private func settings(_ house: House, _ owner: House.Person, _ more: [String: JSONValue]) async throws -> JSONValue
    {
        let known: [String: JSONValue] = [
            "name": "Daily", "persona_id": .string(try await house.persona(owner)),
            "graph_id": .string(try await house.graph(owner)),
        ]
        return .object(known.merging(more) { $1 })
    }

    @Test func aScheduleShowsWhenItIsDue() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let body = try await settings(
                house, owner, ["cron": "0 8 * * MON-FRI", "time_zone": "Europe/Berlin", "overlap": "queue"])
            let made = try await house.call("POST", "/api/schedules", as: owner, body)
            #expect(made.status == 201)
            #expect(made.json["next_at"]?.string?.hasSuffix(":00:00.000Z") == true)
            #expect(made.json["overlap"]?.string == "queue" && made.json["missed"]?.string == "run_once")
            #expect(made.json["queued"]?.int == 0)
            let path = "/api/schedules/\(made.id)"
            let read = try await house.call("GET", path, as: owner)
            #expect(read.json == made.json)
            let etag = try #require(read.headers["ETag"])
            let paused: JSONValue = .object((body.object ?? [:]).merging(["status": "paused"]) { $1 })
            let changed = try await house.call("PUT", path, as: owner, paused, headers: ["If-Match": etag])
            #expect(changed.status == 200)
            #expect(changed.json["next_at"] == nil)
            #expect(try await house.call("PUT", path, as: owner, body, headers: ["If-Match": etag]).status == 412)
            #expect(try await house.call("GET", "/api/schedules", as: owner).ids == [made.id])
            #expect(try await house.call("GET", "\(path)/firings", as: owner).json["data"] == [])
            let stranger = try await house.person(of: try await house.tenant("other"))
            for (method, path) in [("GET", path), ("DELETE", path), ("GET", "\(path)/firings")] {
                #expect(try await house.call(method, path, as: stranger).status == 404, "\(method) \(path)")
            }
            #expect(try await house.call("DELETE", path, as: owner).status == 204)
            #expect(try await house.call("GET", path, as: owner).status == 404)
        }
    }

    @Test func aRuleThatIsNoneSaysWhere() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let body = try await settings(house, owner, [:]).object ?? [:]
            for (more, pointer): ([String: JSONValue], String) in [
                ([:], "/cron"), (["cron": "* * * * *", "interval_seconds": 5], "/cron"),
                (["cron": "0 25 * * *"], "/cron"),
                (["cron": "0 0 30 2 *"], "/cron"), (["cron": "0 0 * * *", "time_zone": "Mars/Olympus"], "/time_zone"),
                (["interval_seconds": 0], "/interval_seconds"),
                (["cron": "0 0 * * *", "graph_id": .string(GraphID.new().description)], "/persona_id"),
                (["cron": "0 0 * * *", "overlap": "both"], "/overlap"),
            ] {
                let answer = try await house.call(
                    "POST", "/api/schedules", as: owner, .object(body.merging(more) { $1 }))
                #expect(answer.status == 422, "\(more)")
                #expect(answer.pointers == [pointer], "\(more)")
            }
        }
    }
}
