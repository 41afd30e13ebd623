import Domain
import FoundationEssentials
import MIME
import PlatformKit
import Store
import TestKit
import Testing

/// Mail that starts nothing, or not twice.
@Suite(.timeLimit(.minutes(10)))
struct MailGateTests {
    @Test func strangersMachinesAndOneselfAreRecordedWithTheReason() async throws {
        let house = try await House.open(), sender = try await Correspondent.one()
        var machine = sender.mail(to: house.ada, "Out of office", "I am away.")
        machine.extraFields = [("Auto-Submitted", "auto-replied")]
        var stranger = sender.mail(to: house.ada, "A bargain", "Buy now.")
        stranger.from = MIME.Mailbox(name: nil, address: "stranger@elsewhere.test")
        var own = sender.mail(to: house.ada, "To myself", "Remember.")
        own.from = MIME.Mailbox(name: "Ada", address: house.ada.address)
        for mail in [machine, stranger, own] {
            try await sender.deliver(
                try mail.serialised(), to: house.ada.address, from: mail.from.address)
        }
        for (mail, words) in [
            (machine, "by a machine"), (stranger, "not on the mailbox's list"), (own, "persona's own"),
        ] {
            let record = try await wait(for: "\(mail.subject) is recorded") {
                try await house.mails(house.ada).first { $0.subject == mail.subject }
            }
            #expect(record.verdict == "refused")
            #expect(record.run == nil)
            #expect(record.reason?.contains(words) == true, "\(record.reason ?? "")")
            // Visible to people too.
            let shown = try await house.client.get(
                "/api/personas/\(house.ada.persona)/mailboxes/\(house.ada.mailbox)/mails?limit=200"
            ).json()
            let entry = try #require(shown["data"]?.array?.first { $0["id"]?.string == "\(record.id)" })
            #expect(entry["reason"]?.string == record.reason)
            #expect(try sender.answers(to: mail.messageID).isEmpty)
        }
    }

    @Test func mailThatIsDeliveredTwiceIsAnsweredOnce() async throws {
        let house = try await House.open(), sender = try await Correspondent.one()
        let mail = sender.mail(to: house.ada, "Twice the same", "Nothing to read.")
        let bytes = try mail.serialised()
        try await sender.deliver(bytes, to: house.ada.address)
        try await sender.deliver(bytes, to: house.ada.address)
        _ = try await house.exchange(sender, mail.messageID, with: house.ada)
        // What came after both has been seen: so have both.
        var last = sender.mail(to: house.ada, "After both", "Bye.")
        last.from = MIME.Mailbox(name: nil, address: "stranger@elsewhere.test")
        try await sender.deliver(
            try last.serialised(), to: house.ada.address, from: last.from.address)
        let mails = try await wait(for: "the last is recorded") { () -> [Mail]? in
            let mails = try await house.mails(house.ada)
            return mails.contains { $0.subject == last.subject } ? mails : nil
        }
        #expect(mails.count { $0.subject == mail.subject } == 1)
        let runs = try await Runs(house.database).list(house.tenant, persona: house.ada.persona, limit: 200)
        #expect(runs.count { $0.id == mails.first { $0.subject == mail.subject }?.run } == 1)
        #expect(try sender.inbox().count == 1)
    }
}
