import Domain
import FoundationEssentials
import Logging
import Store
import Synchronization
import ToolKit
import Workers

/// The store's side of watched mailboxes: leases, the record of mails, and the runs that they start.
final class StoreMailIntake: MailIntake {
    private let database: Database
    private let leases: MailboxLeases
    private let doorbell: any Doorbell
    private let logger: Logger
    private let held = Mutex<[MailboxID: MailboxLease]>([:])

    init(database: Database, owner: ProcessOwner, doorbell: any Doorbell, logger: Logger) {
        self.database = database
        leases = MailboxLeases(database, owner: owner)
        self.doorbell = doorbell
        self.logger = logger
    }

    func lease(limit: Int) async throws -> [WatchedMailbox] {
        guard limit > 0 else { return [] }
        var watched: [WatchedMailbox] = []
        for lease in try await leases.take(limit: limit) {
            held.withLock { $0[lease.mailbox] = lease }
            if let mailbox = try await read(lease) { watched.append(mailbox) }
        }
        return watched
    }

    func renew(_ mailbox: WatchedMailbox) async throws -> WatchedMailbox? {
        guard let lease = lease(of: mailbox), try await leases.renew(lease) else { return nil }
        return try await read(lease)
    }

    func record(
        _ mails: [(mail: PolledMail, verdict: MailVerdict)], in mailbox: WatchedMailbox, uidValidity: Int,
        highestUID: Int
    ) async throws {
        guard let lease = lease(of: mailbox) else { throw LeaseError.fenced }
        let start = try await start(of: mailbox)
        var refusal: String?
        if case .failure(let refused) = start { refusal = refused.reason }
        let arrivals = mails.map { MailArrival($0.mail, refusal: refusal ?? $0.verdict.refusal) }
        let begun = try await leases.record(lease, arrivals, uidValidity: uidValidity, highestUID: highestUID) {
            try start.get().run(for: $0, mailbox: mailbox.mailbox, uidValidity: uidValidity)
        }
        await doorbell.ring(begun.map { .run(mailbox.tenant, $0) })
    }

    func report(_ failure: ToolFailure, for mailbox: WatchedMailbox) async {
        logger.warning("a mailbox cannot be read", metadata: ["address": "\(mailbox.address)", "error": "\(failure)"])
        guard let lease = lease(of: mailbox) else { return }
        do {
            try await leases.report(lease, error: failure.message)
        } catch {
            logger.error("a mailbox's error was not recorded", metadata: ["error": "\(error)"])
        }
    }

    func release(_ mailbox: WatchedMailbox) async {
        guard let lease = held.withLock({ $0.removeValue(forKey: mailbox.mailbox) }) else { return }
        do {
            try await leases.release(lease)
        } catch {
            // The lease runs out by itself.
            logger.notice("a mailbox's lease was not given back", metadata: ["error": "\(error)"])
        }
    }

    private func lease(of mailbox: WatchedMailbox) -> MailboxLease? { held.withLock { $0[mailbox.mailbox] } }

    private func read(_ lease: MailboxLease) async throws -> WatchedMailbox? {
        guard let mailbox = try await Mailboxes(database).find(lease.tenant, lease.mailbox) else { return nil }
        return WatchedMailbox(
            tenant: lease.tenant, persona: lease.persona, mailbox: lease.mailbox,
            allowedSenders: mailbox.settings.allowedSenders, address: mailbox.settings.address,
            uidValidity: mailbox.uidValidity, lastUID: mailbox.lastUID)
    }

    /// What an accepted mail starts, or why nothing can be started, whoever writes.
    private func start(of mailbox: WatchedMailbox) async throws -> Result<RunStart, RunStart.Refusal> {
        guard let settings = try await Mailboxes(database).find(mailbox.tenant, mailbox.mailbox)?.settings else {
            throw StoreError.notFound("mailbox")
        }
        do {
            return .success(
                try await RunStart.find(
                    database, mailbox.tenant, persona: mailbox.persona, graph: settings.graph))
        } catch let refusal as RunStart.Refusal {
            return .failure(refusal)
        }
    }
}

extension RunStart {
    fileprivate func run(for arrival: MailArrival, mailbox: MailboxID, uidValidity: Int) -> NewRun {
        run(
            input: [
                "mailbox_id": .string(mailbox.description), "uid_validity": .int(Int64(uidValidity)),
                "uid": .int(Int64(arrival.uid)),
            ], trigger: "mail")
    }
}

extension MailArrival {
    fileprivate init(_ mail: PolledMail, refusal: String?) {
        self.init(
            uid: mail.uid, messageID: mail.messageID, fromAddress: mail.from?.address ?? "",
            fromName: mail.from?.name ?? "", subject: mail.subject ?? "", size: mail.size ?? 0, refusal: refusal)
    }
}

extension MailVerdict {
    fileprivate var refusal: String? {
        switch self {
        case .accepted: nil
        case .refused(let reason): reason
        }
    }
}
