import IMAP
import MIME

/// What the platform must know of a message before it trusts it, drawn from its header.
struct MailFacts {
    let message: Message

    /// Messages up to this size are fetched, in bytes: 64 MiB.
    static let maximumMessageBytes = 64 * 1024 * 1024
    static let tooLarge = "too large"

    var from: MailPerson { message.from.first.map(MailPerson.init) ?? MailPerson(address: "") }

    /// `Auto-Submitted` without parameters, lower case.
    var autoSubmitted: String? { keyword("Auto-Submitted") }
    var precedence: String? { keyword("Precedence") }

    /// `Return-Path` without angle brackets: empty for bounces.
    var returnPath: String? {
        message.header.first("Return-Path").map { AddressList.mailboxes($0).first?.address ?? "" }
    }

    private func keyword(_ name: String) -> String? {
        guard let text = message.header.text(name) else { return nil }
        let word = text.split(whereSeparator: { $0 == ";" || $0 == "(" }).first.map(String.init) ?? ""
        return word.split(separator: " ").joined(separator: " ").lowercased()
    }

    /// Faults of the header; bodies are not looked at.
    var headerProblems: [String] {
        var problems: [String] = []
        let from = message.from
        if from.count > 1 { problems.append("several From addresses") }
        if from.first.map(\.address).map(MailAddress.isSendable) != true { problems.append("no usable From address") }
        for problem in message.problems where problem.isOfHeader { problems.append(problem.description) }
        return problems.sorted()
    }
}

extension MIMEProblem {
    var isOfHeader: Bool {
        switch self {
        case .headerTooLong, .tooManyHeaderFields, .malformedHeaderLine, .controlInHeader, .repeatedField,
            .bareLineEnd:
            true
        case .nestedTooDeep, .tooManyParts, .missingCloseDelimiter, .missingBoundary, .unknownCharset,
            .unknownTransferEncoding:
            false
        }
    }
}

extension MailPerson {
    init(_ mailbox: Mailbox) { self.init(name: mailbox.name, address: mailbox.address) }
    var mailbox: Mailbox { Mailbox(name: name, address: address) }
}
