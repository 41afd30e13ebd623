import Domain
import Embedded
import FoundationEssentials
import MIME
import Store
import Synchronization
import TestKit

/// A person who writes to a persona, with a mailbox that nobody else in the test process uses.
struct Correspondent: Sendable {
    let house: House
    let address: String

    /// Those that no test has taken yet.
    private static let free = Mutex<[String]>([])

    /// Makes all mailboxes of the house: Dovecot looks for new users at most once a second, so none is added later.
    static func settle(on server: MailServer) throws -> (ada: String, bea: String, correspondents: [String]) {
        let made = (0..<32).map { _ in TestServices.uniqueAddress("mira") }
        let ada = TestServices.uniqueAddress("ada"), bea = TestServices.uniqueAddress("bea")
        for address in made + [ada, bea] { try server.addUser(address, password: Canary.mailbox) }
        free.withLock { $0 = made }
        return (ada, bea, made)
    }

    static func one(of house: House) throws -> Correspondent {
        guard let address = free.withLock({ $0.popLast() }) else { throw Overdue(description: "no mailbox left") }
        return Correspondent(house: house, address: address)
    }

    /// A mail to `resident`, with a Message-ID of its own.
    func mail(to resident: House.Resident, _ subject: String, _ text: String) -> OutgoingMessage {
        OutgoingMessage(
            from: MIME.Mailbox(name: "Mira Sommer", address: address),
            to: [MIME.Mailbox(name: resident.name, address: resident.address)], subject: subject,
            date: MailDate(seconds: Int64(Date().timeIntervalSince1970)),
            messageID: "\(UUID().uuidString.lowercased())@example.test", text: text)
    }

    /// Sends `mail` and waits for the end of its run and for the answer.
    func ask(_ mail: OutgoingMessage, _ resident: House.Resident) async throws -> Exchange {
        try await house.mail.deliver(try mail.serialised(), from: address, to: resident.address)
        return try await exchange(mail.messageID, with: resident)
    }

    /// The same for a mail that is no `OutgoingMessage`.
    func exchange(_ messageID: String, with resident: House.Resident) async throws -> Exchange {
        let run = try await wait(for: "the run ends") { () -> Run? in
            guard
                let id = try await Mails(house.database).run(
                    house.tenant, mailbox: resident.mailbox, messageID: messageID),
                let run = try await Runs(house.database).find(house.tenant, id)
            else { return nil }
            return run.status.isFinal || run.status == .waiting ? run : nil
        }
        guard run.status == .succeeded else {
            throw Overdue(description: "the run ended as \(run.status): \(run.error.map { "\($0)" } ?? "no error")")
        }
        let answer = try await wait(for: "the answer arrives") { try answers(to: messageID).first }
        return Exchange(run: run, raw: answer, message: Message(parsing: answer))
    }

    /// What has arrived here in answer to `messageID`.
    func answers(to messageID: String) throws -> [[UInt8]] {
        try inbox().filter { Message(parsing: $0).inReplyTo == [messageID] }
    }

    func inbox() throws -> [[UInt8]] {
        try ["new", "cur"].flatMap { folder -> [[UInt8]] in
            let path = "\(house.mail.maildir(address))/\(folder)"
            // Dovecot makes the folders with the first message.
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            return try names.map { Array(try Data(contentsOf: URL(filePath: "\(path)/\($0)"))) }
        }
    }
}

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
            throw Overdue(description: "the answer carries no \(name), only \(fileNames)")
        }
        return part.data
    }
}
