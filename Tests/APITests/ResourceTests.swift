import API
import Domain
import HTTPClient
import Testing

@Suite(.timeLimit(.minutes(10))) struct ResourceTests {
    @Test func onlyOwnersMakeAndChangeOwners() async throws {
        try await House.with { house in
            let tenant = try await house.tenant()
            let (owner, admin) = (try await house.person(of: tenant), try await house.person("admin", of: tenant))
            func new(_ role: String, as person: House.Person) async throws -> House.Answer {
                try await house.call(
                    "POST", "/api/users", as: person,
                    [
                        "email": .string("\(role)@new.test"), "name": "New", "role": .string(role),
                        "password": "long enough to do",
                    ])
            }
            #expect(try await new("owner", as: admin).status == 403)
            let made = try await new("owner", as: owner)
            #expect(made.status == 201)
            #expect(!made.text.contains("long enough"))
            #expect(try await house.call("PATCH", "/api/users/\(made.id)", as: admin, ["name": "X"]).status == 403)
            #expect(
                try await house.call("PATCH", "/api/users/\(admin.user)", as: admin, ["role": "owner"]).status == 403)
            let own = try await house.call("PATCH", "/api/users/\(owner.user)", as: owner, ["role": "member"])
            #expect(own.status == 409)
            let again = try await new("owner", as: owner)
            #expect(again.status == 409)
            #expect(again.problem == "taken")
        }
    }

    @Test func aTenantIsMadeWithItsOwnerWhoCanLogIn() async throws {
        try await House.with { house in
            let platform = try await house.person(of: try await house.tenant(), isPlatformAdmin: true)
            let input: JSONValue = [
                "slug": "new", "name": "New",
                "owner": ["email": "o@new.test", "name": "Olga", "password": "long enough to do"],
            ]
            let made = try await house.call("POST", "/api/tenants", as: platform, input)
            #expect(made.status == 201)
            #expect(try await house.call("POST", "/api/tenants", as: platform, input).problem == "taken")
            #expect(try await house.call("GET", "/api/tenants/\(made.id)", as: platform).json["slug"]?.string == "new")
            #expect(try await house.call("GET", "/api/tenants", as: platform).ids.count == 2)
            let login = try await house.call(
                "POST", "/api/auth/login", ["email": "o@new.test", "password": "long enough to do"])
            #expect(login.json["user"]?["tenant_id"]?.string == made.id)
        }
    }

    @Test(arguments: ["personas", "graphs"])
    func eachChangeIsANewVersionThatStays(kind: String) async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let first: JSONValue = kind == "graphs" ? House.graph : ["description": "one"]
            let second: JSONValue =
                kind == "graphs" ? ["start": "end", "nodes": ["end": ["type": "end"]]] : ["description": "two"]
            let made = try await house.call(
                "POST", "/api/\(kind)", as: owner, ["slug": "a", "name": "A", "definition": first])
            #expect(made.status == 201)
            #expect(made.json["version"]?.int == 1)
            let path = "/api/\(kind)/\(made.id)"
            let renamed = try await house.call("PATCH", path, as: owner, ["name": "B"])
            #expect(renamed.json["version"]?.int == 1)
            let changed = try await house.call("PATCH", path, as: owner, ["definition": second])
            #expect(changed.json["version"]?.int == 2)
            #expect(changed.json["definition"] == second)
            let versions = try await house.call("GET", path + "/versions?limit=1", as: owner)
            #expect(versions.json["data"]?[0]?["version"]?.int == 2)
            let cursor = versions.json["next_cursor"]?.string ?? ""
            let older = try await house.call("GET", path + "/versions?limit=1&cursor=\(cursor)", as: owner)
            #expect(older.json["data"]?[0]?["definition"] == first)
            #expect(older.json["next_cursor"] == .null)
            #expect(try await house.call("DELETE", path, as: owner).status == 204)
            #expect(try await house.call("GET", "/api/\(kind)", as: owner).ids.isEmpty)
            #expect(try await house.call("GET", path, as: owner).json["status"]?.string == "archived")
            let taken = try await house.call(
                "POST", "/api/\(kind)", as: owner, ["slug": "a", "name": "A", "definition": first])
            #expect(taken.problem == "taken")
        }
    }

    @Test func aStaleETagChangesNothing() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let id = try await house.persona(owner)
            let path = "/api/personas/\(id)"
            let tag = try await house.call("GET", path, as: owner).headers["ETag"] ?? ""
            let good = try await house.call("PATCH", path, as: owner, ["name": "B"], headers: ["If-Match": tag])
            #expect(good.status == 200)
            #expect(good.headers["ETag"] != tag)
            for stale in [tag, "\"x\"", "W/\"1\""] {
                let answer = try await house.call(
                    "PATCH", path, as: owner, ["name": "C"], headers: ["If-Match": stale])
                #expect(answer.status == 412, "\(stale)")
            }
            #expect(
                try await house.call("PATCH", path, as: owner, ["name": "D"], headers: ["If-Match": "*"]).status == 200)
            let user = "/api/users/\(owner.user)"
            #expect(
                try await house.call("PATCH", user, as: owner, ["name": "C"], headers: ["If-Match": "\"7\""]).status
                    == 412)
        }
    }

    @Test func aListIsWalkedWithoutGapsOrRepeats() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            for number in 0..<120 {
                let answer = try await house.call(
                    "POST", "/api/personas", as: owner,
                    ["slug": .string("p\(number)"), "name": "P", "definition": [:]])
                #expect(answer.status == 201)
            }
            var seen: [String] = []
            var sizes: [Int] = []
            var path: String? = "/api/personas?limit=50"
            while let next = path {
                let page = try await house.call("GET", next, as: owner)
                seen += page.ids
                sizes.append(page.ids.count)
                path = page.json["next_cursor"]?.string.map { "/api/personas?limit=50&cursor=\($0)" }
            }
            #expect(sizes == [50, 50, 20])
            #expect(Set(seen).count == 120)
            #expect(try await house.call("GET", "/api/personas", as: owner).ids.count == 50)
        }
    }

    @Test(arguments: [
        "limit=0", "limit=201", "limit=x", "limit=", "cursor=%21%21", "cursor=bm90LWFuLWlk", "cursor=", "cursor=%00",
    ])
    func aBadPageIsRefused(query: String) async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            for list in ["personas", "graphs", "users", "tokens", "runs", "audit"] {
                let answer = try await house.call("GET", "/api/\(list)?\(query)", as: owner)
                #expect(answer.status == 400, "\(list) \(query)")
                #expect(answer.problem == "bad-parameter")
            }
        }
    }

    @Test func aGraphIsToldItsFaultsByPointer() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let bad: JSONValue = [
                "start": "a", "nodes": ["a": ["type": "tool", "tool": "t", "input": [:], "next": "nowhere"]],
            ]
            let verdict = try await house.call("POST", "/api/graphs/validate", as: owner, bad)
            #expect(verdict.json["valid"] == .bool(false))
            #expect(verdict.json["faults"]?[0]?["pointer"]?.string?.hasPrefix("/nodes/a") == true)
            let made = try await house.call(
                "POST", "/api/graphs", as: owner, ["slug": "g", "name": "G", "definition": bad])
            #expect(made.status == 422)
            #expect(made.pointers.allSatisfy { $0.hasPrefix("/definition/nodes/a") } && !made.pointers.isEmpty)
            #expect(
                try await house.call("POST", "/api/graphs/validate", as: owner, House.graph).json["valid"]
                    == .bool(true))
        }
    }
}
