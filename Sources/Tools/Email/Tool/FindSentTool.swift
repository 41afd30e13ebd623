import Domain
import IMAP
import MIME
package import ToolKit

/// `email.find_sent`: whether an answer whose outcome is unknown is among sent mail.
///
/// Found means sent. Not found means nothing: the copy is stored after the server took the message, so the outcome
/// stays `unknown` and a person decides.
package struct EmailFindSent: Tool {
    package typealias Input = ReconcileInput
    package typealias Output = ReconcileOutput

    package static let descriptor = ToolDescriptor(
        name: "email.find_sent",
        summary: "Looks among sent mail for an answer whose outcome is unknown.",
        effect: .read, secrets: [MailAccount.passwordName], usesNetwork: true, timeoutSeconds: 60,
        resources: [.mailbox], keywords: ["mail", "e-mail", "delivered", "sent", "outbox"])

    package init() {}

    package func call(_ input: ReconcileInput, in context: ToolContext) async throws -> ReconcileOutput {
        guard let value = input.input["mailbox"],
            let account = try? value.decode(MailAccount.self)  // the failure below says which member is at fault
        else {
            throw ToolFailure(.invalidInput, code: "input_invalid", "The call to reconcile names no mailbox.")
        }
        let identifier = try ReplyDraft.messageID(effectKey: input.effectKey, address: account.address)
        let session = try MailSession(account, context)
        let deadline = context.deadline
        let recipients = try await MailThread.run { port in
            try withMailFailures { try Self.find(identifier, session, before: deadline) { port.isCancelled } }
        }
        guard let recipients else { return ReconcileOutput(outcome: .unknown) }
        let output = EmailReply.Output(messageID: identifier, accepted: recipients, refused: [], savedToSent: true)
        return ReconcileOutput(outcome: .done, output: try JSONValue(encoding: output))
    }

    /// Recipients of the copy, or nil where there is none.
    private static func find(
        _ identifier: String, _ session: MailSession, before deadline: ContinuousClock.Instant,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(IMAPError) -> [String]? {
        let client = try session.open(before: deadline, isCancelled: isCancelled)
        defer { client.logout() }
        do throws(IMAPError) {
            _ = try client.select(session.account.sent, readOnly: true)
        } catch  where error.code == .refused {
            // No such folder: no copy was ever kept.
            return nil
        }
        let uids = try client.uids(whereField: "Message-ID", contains: identifier)
        var found: [String]?
        try client.fetch(Array(uids.prefix(10)), "UID BODY.PEEK[HEADER]") { message in
            guard let header = message.sections["BODY[HEADER]"] else { return }
            let copy = Message(parsing: header)
            // SEARCH matches substrings.
            if copy.messageID == identifier { found = (copy.to + copy.cc).map(\.address) }
        }
        return found
    }
}
