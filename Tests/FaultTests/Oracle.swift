import Domain
import MIME
import PlatformKit
import Postgres
import Store
import TestKit
import Testing
import ToolKit

/// What must hold once things have settled, whatever was killed.
struct Oracle {
    let office: Office
    let request: String

    static let files = ["briefing.pdf", "briefing.pptx", "briefing.xlsx"]

    /// The run ended well: one answer with its three files, everything done.
    func answeredOnce(_ run: Run) async throws {
        #expect(run.status == .succeeded, "\(run.error.map { "\($0)" } ?? "no error")")
        try await answers(1)
        let open = try await Runs(office.database).effects(office.tenant, run.id).filter { $0.state != .done }
        #expect(open.isEmpty)
        try await history(run)
    }

    /// Nobody can know whether the answer went out: a person is shown the one effect in doubt, and at most one mail
    /// is out. What the person decides after a look at the mailbox ends the run with one answer.
    func askedAPerson(_ run: Run) async throws -> Run {
        let doubtful = try await Runs(office.database).effects(office.tenant, run.id).filter { $0.state == .unknown }
        #expect(doubtful.map(\.tool) == ["email.reply"])
        guard let effect = doubtful.first else { return run }
        #expect(effect.phase == EffectPhase.transmitting.rawValue)
        let wanted = run.waitingFor?[0]
        #expect(wanted?["kind"]?.string == "decision")
        #expect(wanted?["job_id"]?.string == "\(effect.job)")
        try await history(run)
        let sent = try office.account.submissions()
        #expect(sent <= 1)
        let outcome: EffectDecision.Outcome = sent == 0 ? .retry : .done
        let answer = try await Runs(office.database).signal(
            office.tenant, run.id, name: EffectDecision.signal(for: effect.job),
            payload: ["outcome": .string(outcome.rawValue)], user: nil, actor: "system")
        #expect(answer == .accepted)
        try await until("the decision is taken up") { try await office.run()?.status != .waiting }
        return try await office.settled()
    }

    /// `count` answers, by what the server took, by In-Reply-To and by Message-ID.
    private func answers(_ count: Int) async throws {
        #expect(try office.account.submissions() == count)
        try await until("the answer is delivered") { try office.sender.inbox().count >= count }
        let received = try office.sender.inbox().map { Message(parsing: $0) }
        #expect(received.count == count)
        #expect(received.count { $0.inReplyTo == [request] } == count)
        #expect(Set(received.compactMap(\.messageID)).count == count)
        for message in received {
            #expect(message.attachments.compactMap(\.fileName).sorted() == Self.files)
        }
    }

    /// One run of one mail; events without gaps; an audit chain that holds; each file published once.
    private func history(_ run: Run) async throws {
        #expect(try await office.seed.count("runs") == 1)
        #expect(try await office.seed.count("mails") == 1)
        let events = try await Runs(office.database).events(office.tenant, run.id, limit: 10_000)
        #expect(events.map(\.seq) == Array(1...max(1, run.seq)))
        if case .broken(let seq, let reason) = try await AuditLog(office.database).verify(office.tenant) {
            Issue.record("the audit chain is broken at \(seq): \(reason)")
        }
        #expect(try await published(run) == Self.files)
    }

    private func published(_ run: Run) async throws -> [String] {
        try await office.database.rows(
            office.tenant,
            "SELECT name FROM files WHERE tenant_id = $1 AND run_id = $2 AND name LIKE 'briefing.%' ORDER BY name",
            [office.tenant.value, run.id.value]
        ).map { try $0.text("name") }
    }

    /// Nothing that the platform started is left.
    func nothingLeft() async throws {
        try await until("the sandboxes are gone") {
            Processes.about("\(office.persona)").isEmpty && Processes.about(office.data).isEmpty
        }
    }
}
