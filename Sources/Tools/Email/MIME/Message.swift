/// A received message: its tree of parts and what of it a reader shows (RFC 5322, RFC 2045 and 2046).
package struct Message: Sendable {
    package let root: Part
    /// What was wrong or cut, without order.
    package let problems: Set<MIMEProblem>
    private let limits: MIMELimits

    /// Reads any bytes: never fails, never reads beyond `limits`.
    package init(parsing bytes: [UInt8], limits: MIMELimits = MIMELimits()) {
        var parser = PartParser(limits: limits)
        root = parser.part(bytes[...], depth: 0)
        self.limits = limits
        var problems = parser.problems
        // Fields that RFC 5322 section 3.6 allows once: readers disagree on which of two counts.
        for name in ["From", "Sender", "Reply-To", "To", "Subject", "Message-ID", "Date", "In-Reply-To", "References"]
        where root.header.all(name).count > 1 {
            problems.insert(.repeatedField(name))
        }
        self.problems = problems
    }

    package var header: HeaderSection { root.header }

    /// Decoded, on one line; empty where there is none.
    package var subject: String { header.text("Subject") ?? "" }
    package var from: [Mailbox] { mailboxes("From") }
    package var sender: Mailbox? { mailboxes("Sender").first }
    package var replyTo: [Mailbox] { mailboxes("Reply-To") }
    package var to: [Mailbox] { mailboxes("To") }
    package var cc: [Mailbox] { mailboxes("Cc") }
    package var date: MailDate? { header.first("Date").flatMap { MailDate(parsing: $0) } }
    package var messageID: String? { header.first("Message-ID").flatMap { MessageID.parse($0).first } }
    package var inReplyTo: [String] { header.first("In-Reply-To").map(MessageID.parse) ?? [] }
    package var references: [String] { header.first("References").map(MessageID.parse) ?? [] }

    /// Of all fields of that name.
    package func mailboxes(_ name: String) -> [Mailbox] {
        Array(header.all(name).prefix(8).flatMap { AddressList.mailboxes($0, limits: limits) }.prefix(limits.addresses))
    }

    /// The parts to show and to offer, chosen as RFC 8621 section 4.1.4 does.
    package var body: MessageBody { MessageBody(of: root) }

    /// The text to read: the plain parts, and where there are none the HTML parts as plain text.
    package var text: String { readable().text }

    /// The text to read, and what was wrong with its character sets.
    package func readable() -> (text: String, problems: [MIMEProblem]) {
        var problems: [MIMEProblem] = []
        var pieces: [String] = []
        for part in body.text where part.mediaType.hasPrefix("text/") {
            let (text, problem) = part.text(limits: limits)
            problems += problem.map { [$0] } ?? []
            pieces.append(part.mediaType == "text/html" ? HTMLText(text).plain : text)
        }
        return (pieces.joined(separator: "\n"), problems)
    }

    /// Addresses of pages that the message names, in order of appearance, each once, `http` and `https` only.
    package var links: [String] {
        let selected = body
        var found: [String] = []
        for part in selected.text + selected.html where part.mediaType.hasPrefix("text/") {
            let text = part.text(limits: limits).text
            found += part.mediaType == "text/html" ? HTMLText(text).links : Links.inText(text)
        }
        return Links.unique(found)
    }

    /// Parts to offer as files: attachments, and media that stand in the text.
    package var attachments: [Part] { body.attachments }
}

/// Which parts are the text and which are attachments: the algorithm of RFC 8621 section 4.1.4.
package struct MessageBody: Sendable {
    /// Parts to show one after the other, plain text preferred; inline media among them.
    package private(set) var text: [Part] = []
    /// The same, HTML preferred.
    package private(set) var html: [Part] = []
    package private(set) var attachments: [Part] = []

    init(of root: Part) {
        var lists = Lists()
        Self.collect([root], multipart: "mixed", inAlternative: false, wantsText: true, wantsHTML: true, into: &lists)
        text = lists.text
        html = lists.html
        attachments = lists.attachments
    }

    private struct Lists {
        var text: [Part] = []
        var html: [Part] = []
        var attachments: [Part] = []
    }

    private static func isMedia(_ type: String) -> Bool {
        type.hasPrefix("image/") || type.hasPrefix("audio/") || type.hasPrefix("video/")
    }

    private static func isInline(_ part: Part, at position: Int, multipart: String) -> Bool {
        let type = part.mediaType
        guard case .leaf = part.content, part.disposition?.value != "attachment",
            type == "text/plain" || type == "text/html" || isMedia(type)
        else { return false }
        return position == 0 || multipart != "related" && (isMedia(type) || part.fileName == nil)
    }

    private static func collect(
        _ parts: [Part], multipart: String, inAlternative: Bool, wantsText: Bool, wantsHTML: Bool,
        into lists: inout Lists
    ) {
        var wantsText = wantsText
        var wantsHTML = wantsHTML
        let textBefore = lists.text.count
        let htmlBefore = lists.html.count
        for (position, part) in parts.enumerated() {
            if case .multipart(let children) = part.content {
                let subtype = String(part.mediaType.dropFirst("multipart/".count))
                collect(
                    children, multipart: subtype, inAlternative: inAlternative || subtype == "alternative",
                    wantsText: wantsText, wantsHTML: wantsHTML, into: &lists)
            } else if isInline(part, at: position, multipart: multipart) {
                let type = part.mediaType
                if multipart == "alternative" {
                    if type == "text/plain" {
                        lists.text.append(part)
                    } else if type == "text/html" {
                        lists.html.append(part)
                    } else {
                        lists.attachments.append(part)
                    }
                    continue
                }
                if inAlternative {
                    if type == "text/plain" { wantsHTML = false }
                    if type == "text/html" { wantsText = false }
                }
                if wantsText { lists.text.append(part) }
                if wantsHTML { lists.html.append(part) }
                // RFC 8621 lists media as attachments only where a list was left out; files are wanted always here.
                if isMedia(type) { lists.attachments.append(part) }
            } else {
                lists.attachments.append(part)
            }
        }
        guard multipart == "alternative", wantsText, wantsHTML else { return }
        if lists.text.count == textBefore, lists.html.count != htmlBefore {
            lists.text += lists.html[htmlBefore...]
        } else if lists.html.count == htmlBefore, lists.text.count != textBefore {
            lists.html += lists.text[textBefore...]
        }
    }
}
