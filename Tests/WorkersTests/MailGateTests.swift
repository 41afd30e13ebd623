import Domain
import Testing
import ToolKit
import Workers

@Suite(.timeLimit(.minutes(10))) struct MailGateTests {
    static let mailbox = WatchedMailbox(
        tenant: .new(), persona: .new(), mailbox: .new(), allowedSenders: ["boss@example.org", "@trusted.org"],
        address: "ada@example.org", uidValidity: nil, lastUID: 0)

    @Test(
        arguments: [
            (#"{"uid":1,"from":{"address":"boss@example.org"}}"#, nil),
            (#"{"uid":1,"from":{"address":"BOSS@Example.org"},"auto_submitted":"no"}"#, nil),
            (#"{"uid":1,"from":{"address":"x@trusted.org"}}"#, nil),
            (#"{"uid":1,"from":{"address":"x@eviltrusted.org"}}"#, "not on the mailbox's list"),
            (#"{"uid":1,"from":{"address":"boss@example.org@evil.org"}}"#, "not on the mailbox's list"),
            (#"{"uid":1,"from":{"address":"boss@example.org.evil.org"}}"#, "not on the mailbox's list"),
            (#"{"uid":1,"from":{"address":"boss@example.org"},"auto_submitted":"auto-replied"}"#, "sent by a machine"),
            (#"{"uid":1,"from":{"address":"ada@example.org"}}"#, "the persona's own"),
            (#"{"uid":1}"#, "no single sender"),
            (#"{"uid":1,"from":{"address":""}}"#, "no single sender"),
            (#"{"uid":1,"from":{"address":"boss@example.org"},"problems":["two From fields"]}"#, "two From fields"),
        ] as [(String, String?)])
    func onlyListedPeopleStartRuns(json: String, reason: String?) throws {
        let mail: PolledMail = try JSONValue(parsing: json.utf8).decode()
        switch MailGate.verdict(on: mail, in: Self.mailbox) {
        case .accepted: #expect(reason == nil)
        case .refused(let given): #expect(reason.map { given.contains($0) } == true)
        }
    }
}
