import API
import Domain
import HTTPClient
import Testing

@Suite(.timeLimit(.minutes(10))) struct SessionTests {
    private func login(_ house: House, _ email: String, _ password: String) async throws -> House.Answer {
        try await house.call("POST", "/api/auth/login", ["email": .string(email), "password": .string(password)])
    }

    @Test func theRightPasswordOpensASession() async throws {
        try await House.with { house in
            let tenant = try await house.tenant()
            let person = try await house.person(of: tenant, password: House.password)
            let answer = try await login(house, person.email.uppercased(), House.password)
            #expect(answer.status == 200)
            #expect(answer.json["user"]?["email"]?.string == person.email)
            #expect(answer.headers["Set-Cookie"]?.contains("HttpOnly; SameSite=Strict") == true)
            let token = answer.json["token"]?.string ?? ""
            let me = try await house.call("GET", "/api/me", token: token)
            #expect(me.id == person.user.description)
            #expect(try await house.call("POST", "/api/auth/logout", token: token).status == 204)
            #expect(try await house.call("GET", "/api/me", token: token).status == 401)
        }
    }

    @Test func aWrongPasswordAndAnUnknownPersonLookTheSame() async throws {
        try await House.with { house in
            let person = try await house.person(of: try await house.tenant(), password: House.password)
            let wrong = try await login(house, person.email, "another password")
            let unknown = try await login(house, "nobody@acme.test", "another password")
            #expect(wrong.status == 401)
            #expect(unknown.status == 401)
            #expect(wrong.json["detail"] == unknown.json["detail"])
            #expect(wrong.headers["Content-Type"] == "application/problem+json")
        }
    }

    @Test func guessingIsSlowedForThatAddressOnly() async throws {
        try await House.with { house in
            let tenant = try await house.tenant()
            let victim = try await house.person(of: tenant, password: House.password)
            let other = try await house.person("member", of: tenant, password: House.password)
            for _ in 0..<10 { #expect(try await login(house, victim.email, "guess guess").status == 401) }
            let held = try await login(house, victim.email, House.password)
            #expect(held.status == 429)
            #expect(held.headers["Retry-After"].flatMap { Int($0) } ?? 0 > 0)
            #expect(try await login(house, other.email, House.password).status == 200)
        }
    }

    @Test func aDisabledPersonIsOutAtOnce() async throws {
        try await House.with { house in
            let tenant = try await house.tenant()
            let owner = try await house.person(of: tenant)
            let member = try await house.person("member", of: tenant, password: House.password)
            #expect(try await house.call("GET", "/api/me", as: member).status == 200)
            let change = try await house.call(
                "PATCH", "/api/users/\(member.user)", as: owner, ["status": "disabled"])
            #expect(change.status == 200)
            #expect(try await house.call("GET", "/api/me", as: member).status == 401)
            #expect(try await login(house, member.email, House.password).status == 401)
        }
    }

    @Test func aNewPasswordEndsSessionsOpenedWithTheOldOne() async throws {
        try await House.with { house in
            let tenant = try await house.tenant()
            let owner = try await house.person(of: tenant)
            let member = try await house.person("member", of: tenant, password: House.password)
            let session = try await login(house, member.email, House.password).json["token"]?.string ?? ""
            _ = try await house.call(
                "PATCH", "/api/users/\(member.user)", as: owner, ["password": "quite another password"])
            #expect(try await house.call("GET", "/api/me", token: session).status == 401)
            #expect(try await house.call("GET", "/api/me", as: member).status == 200)
        }
    }

    @Test func aCookieNeedsItsCSRFTokenForWrites() async throws {
        try await House.with { house in
            let person = try await house.person(of: try await house.tenant(), password: House.password)
            let session = try await login(house, person.email, House.password)
            let cookie = "other=1; __Host-persona=\(session.json["token"]?.string ?? "")"
            let csrf = session.json["csrf_token"]?.string ?? ""
            #expect(try await house.call("GET", "/api/me", headers: ["Cookie": cookie]).status == 200)
            let bare = try await house.call("POST", "/api/tokens", ["name": "x"], headers: ["Cookie": cookie])
            #expect(bare.status == 403)
            #expect(bare.problem == "csrf")
            let wrong = try await house.call(
                "POST", "/api/tokens", ["name": "x"], headers: ["Cookie": cookie, "X-CSRF-Token": "0"])
            #expect(wrong.status == 403)
            let good = try await house.call(
                "POST", "/api/tokens", ["name": "x"], headers: ["Cookie": cookie, "X-CSRF-Token": csrf])
            #expect(good.status == 201)
            // An API token is no session: it does not pass as a cookie.
            let secret = good.json["secret"]?.string ?? ""
            #expect(
                try await house.call("GET", "/api/me", headers: ["Cookie": "__Host-persona=\(secret)"]).status == 401)
        }
    }

    @Test func aTokenDoesWhatItsScopesSayAndNoMore() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let made = try await house.call(
                "POST", "/api/tokens", as: owner, ["name": "reader", "scopes": ["read"], "expires_in_days": 1])
            #expect(made.status == 201)
            let reader = made.json["secret"]?.string ?? ""
            #expect(try await house.call("GET", "/api/personas", token: reader).status == 200)
            let write = try await house.call(
                "POST", "/api/personas", token: reader, ["slug": "a", "name": "A", "definition": [:]])
            #expect(write.status == 403)
            #expect(try await house.call("POST", "/api/tokens", token: reader, ["name": "all"]).status == 403)
            let wider = try await house.call(
                "POST", "/api/tokens", token: reader, ["name": "more", "scopes": ["read", "administer"]])
            #expect(wider.status == 403)
            let list = try await house.call("GET", "/api/tokens", as: owner)
            #expect(list.text.contains("\"reader\""))
            #expect(!list.text.contains(reader))
            #expect(try await house.call("DELETE", "/api/tokens/\(made.id)", as: owner).status == 204)
            #expect(try await house.call("GET", "/api/me", token: reader).status == 401)
            #expect(try await house.call("DELETE", "/api/tokens/\(made.id)", as: owner).status == 404)
        }
    }

    @Test(
        arguments: [
            "", "Bearer", "Bearer ", "Basic YTpi", "Bearer pps_x_y",
            "Bearer ppt_00000000000000000000000000000000_short",
            "Bearer ppt_0198a1b200007000800000000000aaaa_0123456789012345678901234567890123456789012",
        ])
    func whatIsNoTokenIsRefused(header: String) async throws {
        try await House.with { house in
            let answer = try await house.call("GET", "/api/me", headers: ["Authorization": header])
            #expect(answer.status == 401)
            #expect(answer.headers["WWW-Authenticate"] == "Bearer")
        }
    }
}
