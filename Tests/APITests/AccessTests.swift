import API
import Domain
import HTTPTypes
import Testing

/// Who may do what: a table of its own, so that a changed `access` in the contract has to be meant.
@Suite(.timeLimit(.minutes(10))) struct AccessTests {
    private static let everyone: Set<String> = ["owner", "admin", "member", "auditor", "platform"]
    private static let allowed: [String: Set<String>] = [
        "logout": everyone, "me": everyone, "listTokens": everyone, "createToken": everyone, "revokeToken": everyone,
        "listTenants": ["platform"], "createTenant": ["platform"], "getTenant": ["platform"],
        "listUsers": everyone, "getUser": everyone, "createUser": administrators, "updateUser": administrators,
        "listPersonas": everyone, "getPersona": everyone, "listPersonaVersions": everyone,
        "createPersona": administrators, "updatePersona": administrators, "archivePersona": administrators,
        "listGraphs": everyone, "getGraph": everyone, "listGraphVersions": everyone, "validateGraph": everyone,
        "createGraph": administrators, "updateGraph": administrators, "archiveGraph": administrators,
        "listMailboxes": everyone, "getMailbox": everyone, "listMails": everyone,
        "createMailbox": administrators, "replaceMailbox": administrators, "deleteMailbox": administrators,
        "createRun": operators, "cancelRun": operators, "signalRun": operators,
        "listRuns": everyone, "getRun": everyone, "listRunSteps": everyone, "listRunCheckpoints": everyone,
        "listRunArtifacts": everyone, "followRunEvents": everyone,
        "createFile": operators, "getFile": everyone, "getFileContent": everyone,
        "listAudit": ["owner", "admin", "auditor", "platform"], "status": everyone,
        "listSchedules": everyone, "getSchedule": everyone, "listScheduleFirings": everyone,
        "createSchedule": administrators, "replaceSchedule": administrators, "deleteSchedule": administrators,
        "listWebhooks": everyone, "getWebhook": everyone, "listWebhookDeliveries": everyone,
        "createWebhook": administrators, "replaceWebhook": administrators, "deleteWebhook": administrators,
        "rotateWebhook": administrators, "redeliverWebhook": operators,
        "listApprovals": everyone, "getApproval": everyone, "decideApproval": operators,
        "getSettings": everyone, "replaceSettings": administrators, "listDeadLetters": everyone,
        "retryDeadLetter": operators, "listDoubts": everyone, "decideDoubt": operators,
        "getRunCheckpoint": everyone, "forkRun": operators, "diffRuns": everyone, "migrateRun": administrators,
        "preflightGraph": everyone,
        "listTools": everyone, "getTool": everyone, "listToolRules": everyone, "getToolRule": everyone,
        "createToolRule": administrators, "replaceToolRule": administrators, "deleteToolRule": administrators,
        "listToolTrust": everyone, "setToolTrust": ["owner", "platform"],
        "listToolSources": everyone, "getToolSource": everyone,
        "createToolSource": administrators, "refreshToolSource": administrators, "deleteToolSource": administrators,
    ]
    private static let administrators: Set<String> = ["owner", "admin", "platform"]
    private static let operators: Set<String> = ["owner", "admin", "member", "platform"]
    private static let open: Set<String> = ["login", "alive", "ready", "metrics", "openapi", "takeWebhook"]

    @Test func everyRoleMayDoWhatTheTableSaysAndNothingElse() async throws {
        try await House.with { house in
            let tenant = try await house.tenant()
            let endpoints = try Endpoints.all(house.services)
            #expect(Set(endpoints.map(\.name)) == Set(Self.allowed.keys).union(Self.open))
            for role in Self.everyone.sorted() {
                let person = try await house.person(
                    role == "platform" ? "owner" : role, of: tenant, isPlatformAdmin: role == "platform")
                for endpoint in endpoints {
                    guard let roles = Self.allowed[endpoint.name] else { continue }
                    // A token of its own: logout ends the one that it is asked with.
                    let token = try await house.token(tenant, person.user)
                    let status = try await Self.status(house, endpoint, token: token)
                    #expect((status != 403) == roles.contains(role), "\(role) \(endpoint.name): \(status)")
                    #expect(status != 401 && status < 500, "\(role) \(endpoint.name): \(status)")
                    #expect(try await Self.status(house, endpoint, token: nil) == 401, "\(endpoint.name)")
                }
            }
        }
    }

    @Test func anotherTenantsThingsAreAbsent() async throws {
        try await House.with { house in
            let (mine, theirs) = (try await house.tenant("mine"), try await house.tenant("theirs"))
            let (me, them) = (try await house.person(of: mine), try await house.person(of: theirs))
            let persona = try await house.persona(them)
            let graph = try await house.graph(them)
            let run = try await house.call(
                "POST", "/api/runs", as: them, ["persona_id": .string(persona), "graph": .string(graph)]
            ).id
            let file = try await house.call("POST", "/api/files?name=a.txt", as: them, bytes: Array("theirs".utf8)).id
            for path in [
                "/api/personas/\(persona)", "/api/personas/\(persona)/versions", "/api/graphs/\(graph)",
                "/api/users/\(them.user)", "/api/runs/\(run)", "/api/runs/\(run)/steps",
                "/api/runs/\(run)/checkpoints", "/api/runs/\(run)/artifacts", "/api/files/\(file)",
                "/api/files/\(file)/content", "/api/personas/\(persona)/mailboxes",
            ] {
                #expect(try await house.call("GET", path, as: them).status == 200, "\(path)")
                #expect(try await house.call("GET", path, as: me).status == 404, "\(path)")
            }
            #expect(try await house.call("GET", "/api/runs/\(run)/events", as: me).status == 404)
            #expect(try await house.call("POST", "/api/runs/\(run)/cancel", as: me).status == 404)
            #expect(try await house.call("POST", "/api/runs/\(run)/signals", as: me, ["name": "x"]).status == 404)
            #expect(try await house.call("PATCH", "/api/personas/\(persona)", as: me, ["name": "B"]).status == 404)
            let own = try await house.persona(me)
            let start = try await house.call(
                "POST", "/api/runs", as: me, ["persona_id": .string(own), "graph": .string(graph)])
            #expect(start.status == 422)
            #expect(start.pointers == ["/graph"])
            #expect(try await house.call("GET", "/api/runs", as: me).ids.isEmpty)
        }
    }

    private static func status(_ house: House, _ endpoint: Endpoint, token: String?) async throws -> Int {
        let id = PersonaID.new().description
        let path = endpoint.path.split(separator: "/").map { $0.hasPrefix("{") ? id : String($0) }
        var body: JSONValue?
        if case .json(_, let example, _) = endpoint.body { body = example }
        return try await house.call(
            endpoint.method.rawValue, "/" + path.joined(separator: "/"), token: token, body,
            bytes: body == nil && endpoint.method == .post ? [] : nil
        ).status
    }
}
