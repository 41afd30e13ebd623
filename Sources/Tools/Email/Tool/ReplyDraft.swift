import MIME
import ToolKit

/// Turns a message and an answer to it into the message to send. Pure.
struct ReplyDraft {
    /// Identifiers in References: the first and the newest ones; a field stays below 4 KiB.
    private static let maximumReferences = 20
    /// Characters of the subject.
    private static let maximumSubject = 500
    /// Characters of the original that are quoted.
    private static let maximumQuote = 8_000

    let input: EmailReply.Input
    let effectKey: String

    /// `<effect key>@<domain of the mailbox>`: the same on each attempt, so that a sent copy can be found.
    static func messageID(effectKey: String, address: String) throws -> String {
        let key = effectKey.utf8.filter { (48...57).contains($0) || (97...122).contains($0 | 32) || $0 == 45 }
        guard key.count >= 8, let domain = MailAddress.domain(address), MailAddress.isSendable(address) else {
            throw ToolFailure(
                .invalidInput, code: "mailbox_invalid",
                "No Message-ID can be made from the mailbox's address '\(address)'.")
        }
        return String(decoding: key.prefix(64), as: UTF8.self) + "@" + domain
    }

    /// Throws `auto_reply_refused` where an answer would answer a machine (RFC 3834 section 2).
    func recipient() throws -> MailPerson {
        let original = input.original
        func refuse(_ reason: String) -> ToolFailure {
            ToolFailure(.permanent, code: "auto_reply_refused", "No answer is sent: \(reason).")
        }
        if let mark = original.autoSubmitted, Self.keyword(mark) != "no" {
            throw refuse("the message was sent by a machine (Auto-Submitted: \(mark.prefix(80)))")
        }
        if let precedence = original.precedence, ["bulk", "list", "junk"].contains(Self.keyword(precedence)) {
            throw refuse("the message went to many (Precedence: \(precedence.prefix(80)))")
        }
        if let path = original.returnPath, path.isEmpty || path == "<>" { throw refuse("its return path is empty") }
        let target = original.replyTo ?? original.from
        for person in [target, original.from] {
            if MailAddress.isSame(person.address, input.mailbox.address) {
                throw refuse("it comes from this mailbox itself")
            }
            if person.address.lowercased().hasPrefix("mailer-daemon@") {
                throw refuse("it is a report of a mail server")
            }
        }
        guard MailAddress.isSendable(target.address) else {
            throw ToolFailure(
                .permanent, code: "recipient_invalid", "'\(target.address)' is no address that mail can be sent to.")
        }
        return target
    }

    private static func keyword(_ value: String) -> String {
        let word = value.split(whereSeparator: { $0 == ";" || $0 == " " || $0 == "(" }).first.map(String.init) ?? ""
        return word.lowercased()
    }

    func message(date: MailDate, attachments: [OutgoingMessage.Attachment]) throws -> OutgoingMessage {
        let person = try recipient()
        let account = input.mailbox
        let identifier = try Self.messageID(effectKey: effectKey, address: account.address)
        var message = OutgoingMessage(
            from: Mailbox(name: account.displayName.map(Self.line), address: account.address),
            to: [Mailbox(name: person.name.map(Self.line), address: person.address)], subject: subject, date: date,
            messageID: identifier, text: text)
        let parent = Self.identifiers([input.original.messageID]).first
        message.inReplyTo = parent
        message.references = references(parent)
        message.extraFields = [
            ("Auto-Submitted", "auto-replied"), ("X-Persona", "AI; this message was written by a machine"),
        ]
        message.attachments = attachments
        return message
    }

    /// `Re: ` once (RFC 5322 section 3.6.5).
    private var subject: String {
        var subject = Self.line(String(input.original.subject.prefix(Self.maximumSubject)))
        while subject.lowercased().hasPrefix("re:") {
            subject = Self.line(String(subject.dropFirst(3)))
        }
        return "Re: " + subject
    }

    /// Of the parent, or its In-Reply-To where that names one, and the parent itself (RFC 5322 section 3.6.4).
    private func references(_ parent: String?) -> [String] {
        var chain = Self.identifiers(input.original.references)
        if chain.isEmpty { chain = Self.identifiers(input.original.inReplyTo.map { [$0] } ?? []) }
        if let parent { chain = chain.filter { $0 != parent } + [parent] }
        guard chain.count > Self.maximumReferences, let first = chain.first else { return chain }
        return [first] + chain.suffix(Self.maximumReferences - 1)
    }

    private static func identifiers(_ values: [String]) -> [String] {
        values.map { $0.hasPrefix("<") && $0.hasSuffix(">") ? String($0.dropFirst().dropLast()) : $0 }
            .filter { value in
                !value.isEmpty && value.utf8.count <= 250
                    && value.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != 60 && $0 != 62 }
            }
    }

    private var text: String {
        let original = input.original
        let quoted = String(original.text.prefix(Self.maximumQuote))
        guard quoted.contains(where: { !$0.isWhitespace }) else { return input.text }
        let lines = quoted.split(separator: "\n", omittingEmptySubsequences: false)
        let kept = lines.reversed().drop { $0.allSatisfy(\.isWhitespace) }.reversed()
        let who = original.from.name ?? original.from.address
        let opening = original.date.map { "On \($0), \(who) wrote:" } ?? "\(who) wrote:"
        let quote = kept.map { $0.hasPrefix(">") ? ">\($0)" : "> \($0)" }
        let rest = original.text.count > Self.maximumQuote ? ["> […]"] : []
        return ([input.text, "", Self.line(opening)] + quote + rest).joined(separator: "\n") + "\n"
    }

    /// Outside text on one line without control characters and overrides of direction, fit for a header field.
    private static func line(_ text: String) -> String {
        let visible = text.unicodeScalars.map { scalar -> Character in
            switch scalar.value {
            case 0..<32, 0x7F...0x9F, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: " "
            default: Character(scalar)
            }
        }
        return String(visible).split(separator: " ").joined(separator: " ")
    }
}
