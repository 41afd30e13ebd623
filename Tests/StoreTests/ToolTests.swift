import Crypto
import Domain
import FoundationEssentials
import JSONSchema
import Postgres
import Store
import TestKit
import Testing
import ToolKit
import Vault

@Suite(.timeLimit(.minutes(2))) struct ToolTests {
    private struct Stage {
        let store: Database
        let owner: PostgresConnection
        let tenant: TenantID
        let persona: PersonaID

        func person() async throws -> UserID {
            try await Users(store).create(
                tenant, id: .new(), email: "o-\(UserID.new())@a.test", name: "O", role: "owner", passwordHash: nil,
                actor: "system"
            ).id
        }
    }

    private func with(_ body: (Stage) async throws -> Void) async throws {
        try await TestDatabase.with { database in
            let store = Database(app: database.pool(.application), dispatch: database.pool(.dispatch))
            let tenant = TenantID.new()
            try await Tenants(store).create(
                tenant, slug: "acme", name: "Acme", master: MasterKey(SymmetricKey(size: .bits256)), actor: "system")
            let persona = try await Personas(store).create(
                tenant, id: .new(), slug: "ada", name: "Ada", definition: [:], by: nil, actor: "system"
            ).id
            let owner = try await database.connect()
            try await body(Stage(store: store, owner: owner, tenant: tenant, persona: persona))
            await owner.close()
            await store.app.close()
            await store.dispatch.close()
        }
    }

    private static let counter = ToolCounter(name: "persona:p/t", perHour: 3, failsAboveLimit: false)

    @Test func callsAboveTheLimitAreHeldUntilTheHourIsOver() async throws {
        try await with { stage in
            let usage = ToolUsage(stage.store)
            for _ in 0..<3 { try await usage.take(stage.tenant, [Self.counter]) }
            let exceeded = await #expect(throws: ToolUsage.Exceeded.self) {
                try await usage.take(stage.tenant, [Self.counter])
            }
            #expect(exceeded.map { $0.resetsAt > Date() } == true)
            #expect(try await usage.standing(stage.tenant, [Self.counter]).map(\.remaining) == [0])
            try await stage.owner.script("UPDATE tool_usage SET window_start = window_start - interval '1 hour'")
            #expect(try await usage.standing(stage.tenant, [Self.counter]).map(\.remaining) == [3])
            try await usage.take(stage.tenant, [Self.counter])
            #expect(try await usage.standing(stage.tenant, [Self.counter]).map(\.remaining) == [2])
        }
    }

    @Test func ofManyAtOnceOnlyTheLimitGoes() async throws {
        try await with { stage in
            let usage = ToolUsage(stage.store)
            let taken = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<20 {
                    group.addTask { (try? await usage.take(stage.tenant, [Self.counter])) != nil }  // refused: held
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(taken == 3)
        }
    }

    @Test func aCallThatOneCounterRefusesCountsAgainstNone() async throws {
        try await with { stage in
            let usage = ToolUsage(stage.store)
            let wide = ToolCounter(name: "a:wide", perHour: 10, failsAboveLimit: false)
            let none = ToolCounter(name: "b:none", perHour: 0, failsAboveLimit: true)
            await #expect(throws: ToolUsage.Exceeded.self) { try await usage.take(stage.tenant, [wide, none]) }
            let left = try await usage.standing(stage.tenant, [wide]).map(\.remaining)
            #expect(left == [10])
        }
    }

    @Test func effectsHaveTheDefaultLimitUnlessARuleSetsAnother() throws {
        let persona = PersonaID.new()
        let user = UserID.new()
        let pay = ToolDescriptor(name: "bank.pay", summary: "", effect: .nonIdempotent)
        let look = ToolDescriptor(name: "bank.look", summary: "", effect: .read)
        func counters(_ tool: ToolDescriptor, _ rules: [ToolRule]) -> [ToolCounter] {
            ToolCounter.all(
                of: tool, under: ToolPolicy(rules, persona: persona, role: "member"), persona: persona, user: user)
        }
        #expect(counters(look, []).isEmpty)
        #expect(counters(pay, []).map(\.perHour) == [100])
        let all = try #require(ToolPattern("*"))
        let rules = [
            ToolRule(subject: .tenant, pattern: all, verdict: nil, perHour: 1_000),
            ToolRule(subject: .role("member"), pattern: all, verdict: nil, perHour: 5),
        ]
        #expect(counters(pay, rules).map(\.name) == ["tenant:/*", "user:\(user)/*"])
        #expect(counters(pay, [rules[1]]).map(\.perHour).sorted() == [5, 100])
    }

    @Test func trustIsEarnedGivenTakenBackAndLost() async throws {
        try await with { stage in
            let trusts = ToolTrusts(stage.store)
            let user = try await stage.person()
            let shape = try #require(ToolShape(tool: "bank.pay", input: ["to": "a@b.test"]))
            func answer(_ isGranted: Bool, _ id: ApprovalID = .new()) async throws {
                _ = try await stage.store.batch(
                    stage.tenant,
                    [
                        ToolTrusts.count(
                            stage.tenant, persona: stage.persona, shape: shape, approval: id, isGranted: isGranted)
                    ])
            }
            func known() async throws -> ToolTrust {
                let all = try await trusts.list(stage.tenant, persona: stage.persona, after: nil, limit: 10)
                #expect(all.count == 1)
                return all[0]
            }
            let twice = ApprovalID.new()
            try await answer(true, twice)
            try await answer(true, twice)
            #expect(try await known().approvals == 1)
            let id = try await known().id
            #expect(try await trusts.set(stage.tenant, id, isTrusted: true, by: user, actor: "user:x") == nil)
            for _ in 1..<ToolTrusts.approvalsNeeded { try await answer(true) }
            #expect(try await known().isEligible)
            #expect(
                try await trusts.set(stage.tenant, id, isTrusted: true, by: user, actor: "user:x")?.isTrusted == true)
            let rule = ToolRule(subject: .tenant, pattern: try #require(ToolPattern("*")), verdict: .ask)
            _ = try await ToolRules(stage.store).create(stage.tenant, rule, actor: "system")
            let pay = ToolDescriptor(name: "bank.pay", summary: "", effect: .nonIdempotent)
            func verdict(_ input: JSONValue) async throws -> ToolVerdict {
                try await TenantTools.load(stage.store, stage.tenant).policy(persona: stage.persona, role: nil)
                    .verdict(on: pay, input: input)
            }
            #expect(try await verdict(["to": "a@b.test"]) == .allow)
            #expect(try await verdict(["to": "c@b.test"]) == .ask)
            try await answer(false)
            #expect(try await known().isTrusted == false)
            #expect(try await known().approvals == 0)
            #expect(try await verdict(["to": "a@b.test"]) == .ask)
        }
    }

    private func offered(_ name: String, _ summary: String) -> OfferedTool {
        OfferedTool(
            contract: ToolContract(
                descriptor: ToolDescriptor(name: name, summary: summary, effect: .nonIdempotent),
                input: JSONSchema(["type": "object"]), output: JSONSchema([:])), binding: ["kind": "test"])
    }

    @Test func aToolsNewContractIsANewVersionOfIt() async throws {
        try await with { stage in
            let sources = ToolSources(stage.store)
            let id = ToolSourceID.new()
            let source = try await sources.create(
                stage.tenant, id: id, name: "shop", kind: .mcp, persona: nil, definition: [:],
                secrets: ["key": [1, 2]],
                tools: nil, actor: "system")
            #expect(source.status == .pending)
            let pending = try await sources.takePending(limit: 10)
            #expect(pending.map(\.id) == [id])
            #expect(try await sources.takePending(limit: 10).isEmpty)
            func tools() async throws -> [String: Int] {
                let tools = try await TenantTools.load(stage.store, stage.tenant).tools(of: stage.persona)
                return Dictionary(
                    uniqueKeysWithValues: tools.map { ($0.contract.descriptor.name, $0.contract.descriptor.version) })
            }
            try await sources.answered(
                stage.tenant, id, .success([offered("shop.buy", "Buys."), offered("shop.see", "Sees.")]))
            #expect(try await tools() == ["shop.buy": 1, "shop.see": 1])
            try await sources.answered(stage.tenant, id, .success([offered("shop.buy", "Buys two.")]))
            #expect(try await tools() == ["shop.buy": 2])
            try await sources.answered(stage.tenant, id, .failure(ToolFailure(.transient, code: "away", "It is away.")))
            #expect(try await sources.find(stage.tenant, id)?.lastError == "It is away.")
            #expect(try await tools() == ["shop.buy": 2])
            #expect(try await sources.secrets(stage.tenant, id) == ["key": [1, 2]])
            #expect(try await sources.remove(stage.tenant, id, actor: "system"))
            #expect(try await tools().isEmpty)
        }
    }
}
