import Domain
import MIME
import PlatformKit
import Store

/// A request's run and its answer as it arrived.
struct Exchange: Sendable {
    let run: Run
    let raw: [UInt8]
    let message: Message

    /// What the persona says; the quoted request apart.
    var text: String {
        message.text.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix(">") }
            .joined(separator: "\n")
    }
    var fileNames: [String] { message.attachments.compactMap(\.fileName).sorted() }
    var writtenBy: String { run.output?["written_by"]?.string ?? "" }

    func file(_ name: String) throws -> [UInt8] {
        guard let part = message.attachments.first(where: { $0.fileName == name }) else {
            throw Overdue("the answer carries no \(name), only \(fileNames)")
        }
        return part.data
    }
}

extension House {
    /// Sends `mail` and waits for the end of its run and for the answer.
    func ask(_ sender: Correspondent, _ mail: OutgoingMessage, _ resident: Resident) async throws -> Exchange {
        try await sender.deliver(try mail.serialised(), to: resident.address)
        return try await exchange(sender, mail.messageID, with: resident)
    }

    /// The same for a mail that is no `OutgoingMessage`.
    func exchange(_ sender: Correspondent, _ messageID: String, with resident: Resident) async throws -> Exchange {
        let run = try await wait(for: "the run ends") { () -> Run? in
            guard
                let id = try await Mails(database).run(tenant, mailbox: resident.mailbox, messageID: messageID),
                let run = try await Runs(database).find(tenant, id)
            else { return nil }
            return run.status.isFinal || run.status == .waiting ? run : nil
        }
        guard run.status == .succeeded else {
            throw Overdue("the run ended as \(run.status): \(run.error.map { "\($0)" } ?? "no error")")
        }
        let answer = try await wait(for: "the answer arrives") { try sender.answers(to: messageID).first }
        return Exchange(run: run, raw: answer, message: Message(parsing: answer))
    }

    func mails(_ resident: Resident) async throws -> [Mail] {
        try await Mails(database).list(tenant, mailbox: resident.mailbox, before: nil, limit: 200)
    }
}

extension Correspondent {
    func mail(to resident: House.Resident, _ subject: String, _ text: String) -> OutgoingMessage {
        mail(to: resident.person, subject, text)
    }
}
