import Domain
import Testing

@Suite(.timeLimit(.minutes(10))) struct IdentifierTests {
    @Test func newIdentifiersAreVersion7AndSortByTime() {
        var generator = SystemRandomNumberGenerator()
        let early = RunID(milliseconds: 1_000, using: &generator)
        let late = RunID(milliseconds: 2_000, using: &generator)
        #expect(early.description < late.description)
        #expect(Array(early.description)[14] == "7")
        #expect("89ab".contains(Array(early.description)[19]))
    }

    @Test(arguments: ["", "not-a-uuid", "00000000-0000-0000-0000-00000000000", "../etc/passwd"])
    func otherTextIsRefused(text: String) {
        #expect(RunID(text) == nil)
    }

    @Test func textFormIsLowerCase() throws {
        let id = try #require(RunID("0192F0C1-2B3C-7D4E-8F50-123456789ABC"))
        #expect(id.description == "0192f0c1-2b3c-7d4e-8f50-123456789abc")
    }

    @Test func secretsNeverPrint() {
        let secret = Secret("canary-7f3a")
        #expect(
            "\(secret) \(String(reflecting: secret)) \([secret]) \(Optional(secret) as Any)".contains("canary") == false
        )
        #expect(secret.reveal() == "canary-7f3a")
    }
}
