import Domain
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(2))) struct ToolPolicyTests {
    private let persona = PersonaID.new()
    private let look = ToolDescriptor(name: "web.look", summary: "", effect: .read)
    private let note = ToolDescriptor(name: "crm.note", summary: "", effect: .idempotentByKey)
    private let pay = ToolDescriptor(name: "bank.pay", summary: "", effect: .nonIdempotent)

    private func rule(
        _ tool: String, _ verdict: ToolVerdict?, _ subject: ToolSubject = .tenant,
        access: Set<ToolAccess> = Set(ToolAccess.allCases), perHour: Int? = nil
    ) throws -> ToolRule {
        ToolRule(
            subject: subject, pattern: try #require(ToolPattern(tool)), access: access, verdict: verdict,
            perHour: perHour)
    }

    private func verdicts(_ rules: [ToolRule], role: String? = nil) -> [ToolVerdict] {
        let policy = ToolPolicy(rules, persona: persona, role: role)
        return [look, note, pay].map { policy.verdict(on: $0) }
    }

    @Test func whatIsRiskyIsDeniedUntilSomebodyAllowsIt() throws {
        #expect(verdicts([]) == [.allow, .allow, .deny])
        #expect(verdicts([try rule("bank.pay", .allow)]) == [.allow, .allow, .allow])
        #expect(verdicts([try rule("bank.*", .ask)]) == [.allow, .allow, .ask])
    }

    @Test func theMoreExactPatternCounts() throws {
        let rules = [try rule("*", .deny), try rule("crm.*", .ask), try rule("crm.note", .allow)]
        #expect(verdicts(rules) == [.deny, .allow, .deny])
        #expect(verdicts(rules.reversed()) == [.deny, .allow, .deny])
    }

    @Test func aPersonasRuleCountsBeforeTheTenantsOfTheSamePattern() throws {
        let rules = [try rule("bank.pay", .deny), try rule("bank.pay", .allow, .persona(persona))]
        #expect(verdicts(rules)[2] == .allow)
        // But leave to do everything does not undo what is denied by name.
        #expect(verdicts([try rule("bank.pay", .deny), try rule("*", .allow, .persona(persona))])[2] == .deny)
        #expect(verdicts([try rule("bank.pay", .allow, .persona(.new()))])[2] == .deny)
    }

    @Test func theStricterOfPersonaAndRoleCounts() throws {
        let rules = [try rule("bank.pay", .allow), try rule("*", .ask, .role("member"))]
        #expect(verdicts(rules, role: "member") == [.ask, .ask, .ask])
        #expect(verdicts(rules, role: "owner") == [.allow, .allow, .allow])
        #expect(verdicts([try rule("bank.pay", .allow, .role("owner"))], role: "owner")[2] == .deny)
    }

    @Test func aRuleIsAboutItsAccessAlone() throws {
        #expect(verdicts([try rule("*", .deny, access: [.write])]) == [.allow, .deny, .deny])
        let shell = ToolDescriptor(name: "shell.run", summary: "", effect: .read, risk: .high, access: .execute)
        let policy = ToolPolicy([try rule("*", .allow, access: [.read])], persona: persona, role: nil)
        #expect(policy.verdict(on: shell) == .deny)
    }

    @Test func trustedShapesGoUnasked() throws {
        let input: JSONValue = ["url": "https://api.test/v1/items", "amount": 3]
        let shape = try #require(ToolShape(tool: "bank.pay", input: input))
        let policy = ToolPolicy([try rule("bank.pay", .ask)], trusted: [shape], persona: persona, role: nil)
        #expect(policy.verdict(on: pay, input: input) == .allow)
        #expect(policy.verdict(on: pay, input: ["url": "https://api.test/other?x=1", "amount": 5000]) == .allow)
        #expect(policy.verdict(on: pay, input: ["url": "https://evil.test/v1/items", "amount": 3]) == .ask)
        #expect(policy.verdict(on: pay, input: ["url": "https://api.test/", "amount": 3, "to": "x"]) == .ask)
        let denied = ToolPolicy([try rule("bank.pay", .deny)], trusted: [shape], persona: persona, role: nil)
        #expect(denied.verdict(on: pay, input: input) == .deny)
    }

    @Test func limitsAreOfEffectsAlone() throws {
        let policy = ToolPolicy([try rule("*", nil, perHour: 7)], persona: persona, role: nil)
        #expect(policy.limits(on: look).isEmpty)
        #expect(policy.limits(on: note).map(\.perHour) == [7])
        #expect(policy.verdict(on: pay) == .deny)
    }

    @Test(arguments: ["", ".", "a..b", "A.b", "*.a", "a.*.b", "a b", "**", ".*", String(repeating: "a", count: 129)])
    func aPatternThatNamesNothingIsNone(text: String) { #expect(ToolPattern(text) == nil) }

    @Test(
        arguments: [
            (["to": "a@x.test"], ["to": "b@x.test"], false), (["text": "one"], ["text": "two"], true),
            (["n": 1], ["n": 2.5], true), (["force": true], ["force": false], false),
            (["m": [1, 2]], ["m": [3]], true),
            (["m": [1, "a"]], ["m": ["b", 2]], true), (["method": "GET"], ["method": "DELETE"], false),
            (["a": ["b": "x@y.test"]], ["a": ["b": "z@y.test"]], false), (["a": 1], ["a": "1"], false),
            (["u": "HTTPS://A.test/x"], ["u": "https://a.test"], true),
            (["u": "https://a.test@b.test/"], ["u": "https://a.test/"], false),
        ] as [(JSONValue, JSONValue, Bool)])
    func callsOfOneShapeDifferInTextsAndNumbersAlone(one: JSONValue, other: JSONValue, isSame: Bool) {
        #expect((ToolShape(tool: "t", input: one) == ToolShape(tool: "t", input: other)) == isSame)
    }
}
