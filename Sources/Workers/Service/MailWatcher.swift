package import Domain
import Egress
package import PersonaContainers
package import ToolKit

/// A mailbox that this process watches, under a lease.
package struct WatchedMailbox: Sendable {
    package var tenant: TenantID
    package var persona: PersonaID
    package var mailbox: MailboxID
    /// Lower-case addresses, or `@domain`.
    package var allowedSenders: [String]
    package var address: String
    package var uidValidity: Int?
    package var lastUID: Int

    package init(
        tenant: TenantID, persona: PersonaID, mailbox: MailboxID, allowedSenders: [String], address: String,
        uidValidity: Int?, lastUID: Int
    ) {
        self.tenant = tenant
        self.persona = persona
        self.mailbox = mailbox
        self.allowedSenders = allowedSenders
        self.address = address
        self.uidValidity = uidValidity
        self.lastUID = lastUID
    }
}

/// One message of `email.poll`.
package struct PolledMail: Sendable, Hashable, Codable {
    package struct Address: Sendable, Hashable, Codable {
        package var name: String?
        package var address: String
    }

    package var uid: Int
    package var messageID: String?
    package var from: Address?
    package var subject: String?
    package var date: String?
    package var size: Int?
    /// Not `no`: written by a machine (RFC 3834).
    package var autoSubmitted: String?
    package var problems: [String]?

    enum CodingKeys: String, CodingKey {
        case uid, from, subject, date, size, problems
        case messageID = "message_id"
        case autoSubmitted = "auto_submitted"
    }
}

/// What is done with a message.
package enum MailVerdict: Sendable, Hashable {
    /// Starts a run.
    case accepted
    /// Recorded with the reason, not acted on.
    case refused(reason: String)
}

/// The store's side of mail.
package protocol MailIntake: Sendable {
    /// Takes leases on mailboxes that nobody watches, at most `limit`.
    func lease(limit: Int) async throws -> [WatchedMailbox]
    /// Prolongs one lease and reads the mailbox afresh; `nil` when it is another's, paused or gone.
    func renew(_ mailbox: WatchedMailbox) async throws -> WatchedMailbox?
    /// Records each message once, by (tenant, mailbox, uid_validity, uid), and starts the run of an accepted one in
    /// the same transaction; notes `uidValidity` and `highestUID` with them. Fenced by the lease.
    func record(
        _ mails: [(mail: PolledMail, verdict: MailVerdict)], in mailbox: WatchedMailbox, uidValidity: Int,
        highestUID: Int
    ) async throws
    /// Notes for people why the mailbox cannot be read.
    func report(_ failure: ToolFailure, for mailbox: WatchedMailbox) async
    func release(_ mailbox: WatchedMailbox) async
}

/// Who may start a run by mail. Pure.
package enum MailGate {
    package static func verdict(on mail: PolledMail, in mailbox: WatchedMailbox) -> MailVerdict {
        if let problem = mail.problems?.first { return .refused(reason: "The message is malformed: \(problem)") }
        guard let sender = mail.from?.address.lowercased(), !sender.isEmpty else {
            return .refused(reason: "The message has no single sender.")
        }
        if let kind = mail.autoSubmitted?.lowercased(), kind != "no" {
            return .refused(reason: "The message was sent by a machine (Auto-Submitted: \(kind)).")
        }
        if sender == mailbox.address.lowercased() { return .refused(reason: "The message is the persona's own.") }
        let domain = sender.lastIndex(of: "@").map { String(sender[$0...]) }
        let isAllowed = mailbox.allowedSenders.contains { entry in
            let entry = entry.lowercased()
            return entry == sender || (entry.hasPrefix("@") && entry == domain)
        }
        return isAllowed ? .accepted : .refused(reason: "The sender \(sender) is not on the mailbox's list.")
    }
}

/// Watches mailboxes: one `email.poll` after another in each persona's sandbox, waiting inside for new mail.
package final class MailWatcher: Sendable {
    package struct Settings: Sendable {
        /// How long `email.poll` waits in IDLE: well under the 29 minutes of RFC 2177, and short enough that a half-open
        /// connection is noticed.
        package var waitSeconds = 120
        /// Room for connecting and fetching beside the wait.
        package var marginSeconds = 60
        /// How often free mailboxes are looked for.
        package var search = Duration.seconds(5)
        /// Between the first looks: the leases of a platform that was killed just now may hold a moment longer.
        package var firstSearch = Duration.milliseconds(200)
        package var firstSearches = 5
        package var renewal = Duration.seconds(10)
        /// After a failure, doubled up to the maximum.
        package var firstPause = Duration.seconds(1)
        package var longestPause = Duration.seconds(120)
        /// Mailboxes of this process.
        package var mailboxes = 256

        package init() {}
    }

    private struct PollOutput: Codable {
        var uidValidity: Int
        var highestUID: Int
        var messages: [PolledMail]

        enum CodingKeys: String, CodingKey {
            case messages
            case uidValidity = "uid_validity"
            case highestUID = "highest_uid"
        }
    }

    private let intake: any MailIntake
    private let resolver: any ResourceResolver
    private let containers: PersonaContainers
    private let settings: Settings
    private let log: @Sendable (String) -> Void

    package init(
        intake: any MailIntake, resolver: any ResourceResolver, containers: PersonaContainers,
        settings: Settings = Settings(), log: @escaping @Sendable (String) -> Void
    ) {
        self.intake = intake
        self.resolver = resolver
        self.containers = containers
        self.settings = settings
        self.log = log
    }

    /// Watches until cancelled, then releases its leases.
    package func run() async {
        // Each child says how many mailboxes are no longer watched when it ends.
        await withTaskGroup(of: Int.self) { group in
            var watched = 0
            var searches = 0
            while !Task.isCancelled {
                do {
                    let leased = try await intake.lease(limit: settings.mailboxes - watched)
                    watched += leased.count
                    for mailbox in leased {
                        group.addTask {
                            await self.watch(mailbox)
                            return 1
                        }
                    }
                } catch {
                    if !Task.isCancelled { log("mailboxes cannot be leased: \(error)") }
                }
                // Either a mailbox ended, which frees its place, or it is time to look again.
                searches += 1
                let pause = searches < settings.firstSearches ? settings.firstSearch : settings.search
                group.addTask {
                    try? await Task.sleep(for: pause)  // cancelled: the loop ends
                    return 0
                }
                watched -= await group.next() ?? 0
            }
        }
    }

    private func watch(_ leased: WatchedMailbox) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.poll(leased) }
            group.addTask { await self.keep(leased) }
            await group.next()
            group.cancelAll()
        }
        // Written after cancellation too, so that another process need not wait for the lease to run out.
        let intake = intake
        await Task { await intake.release(leased) }.value
    }

    /// Returns when the lease is lost.
    private func keep(_ leased: WatchedMailbox) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: settings.renewal)  // cancelled: the loop ends
            if Task.isCancelled { return }
            do {
                guard try await intake.renew(leased) != nil else { return }
            } catch {
                log("the lease on mailbox \(leased.mailbox) was not renewed: \(error)")
                return
            }
        }
    }

    private func poll(_ leased: WatchedMailbox) async {
        var pause = settings.firstPause
        while !Task.isCancelled {
            do {
                guard let mailbox = try await intake.renew(leased) else { return }
                try await pollOnce(mailbox)
                pause = settings.firstPause
                continue
            } catch let failure as ToolFailure {
                if Task.isCancelled { return }
                await intake.report(failure, for: leased)
            } catch {
                if Task.isCancelled { return }
                log("mail of \(leased.mailbox) was not recorded: \(error)")
            }
            try? await Task.sleep(for: pause)  // cancelled: the loop ends
            pause = min(pause * 2, settings.longestPause)
        }
    }

    private func pollOnce(_ mailbox: WatchedMailbox) async throws {
        let resolved = try await resolver.resolve(
            .mailbox, id: "\(mailbox.mailbox)", tenant: mailbox.tenant, persona: mailbox.persona)
        var input: [String: JSONValue] = [
            "mailbox": resolved.value, "last_uid": .int(Int64(mailbox.lastUID)),
            "wait_seconds": .int(Int64(settings.waitSeconds)),
        ]
        if let validity = mailbox.uidValidity { input["uid_validity"] = .int(Int64(validity)) }
        var secrets: [String: Secret] = [:]
        for (name, secret) in resolved.secrets { secrets["mailbox.\(name)"] = secret }
        let call = SandboxCall(
            tenant: mailbox.tenant, persona: mailbox.persona, run: RunID(mailbox.mailbox.uuid), tool: "email.poll",
            input: .object(input), effectKey: "poll-\(mailbox.mailbox)",
            timeoutSeconds: settings.waitSeconds + settings.marginSeconds, secrets: secrets,
            egress: try await resolver.egress(tenant: mailbox.tenant, persona: mailbox.persona))
        let result = try await containers.call(call)
        let output: PollOutput
        do {
            output = try result.output.decode()
        } catch {
            throw ToolFailure(.permanent, code: "output_invalid", "email.poll answered what it should not: \(error)")
        }
        let mails = output.messages.map { (mail: $0, verdict: MailGate.verdict(on: $0, in: mailbox)) }
        try await intake.record(
            mails, in: mailbox, uidValidity: output.uidValidity, highestUID: output.highestUID)
    }
}
