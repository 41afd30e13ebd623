/// Why a message cannot be written.
package enum OutgoingMessageError: Error, Sendable, Hashable, CustomStringConvertible {
    case controlInHeader(String)
    case fieldTooLong(String)
    case addressInvalid(String)
    case messageIDInvalid
    case fieldNameInvalid(String)

    package var description: String {
        switch self {
        case .controlInHeader(let name): "The field '\(name)' holds CR, LF or another control character."
        case .fieldTooLong(let name): "A word of the field '\(name)' does not fit a line of 998 characters."
        case .addressInvalid(let address): "'\(address)' is no mail address that this message may name."
        case .messageIDInvalid: "A message identifier holds white space, brackets or control characters."
        case .fieldNameInvalid(let name): "'\(name)' is no field name."
        }
    }
}

/// A message to send. Equal values give equal bytes: CRLF lines, folded header, ASCII only.
package struct OutgoingMessage: Sendable {
    package struct Attachment: Sendable {
        package var name: String
        package var mediaType: String
        package var data: [UInt8]

        package init(name: String, mediaType: String, data: [UInt8]) {
            self.name = name
            self.mediaType = mediaType
            self.data = data
        }
    }

    package var from: Mailbox
    package var to: [Mailbox]
    package var cc: [Mailbox] = []
    package var subject: String
    package var date: MailDate
    /// Without angle brackets; also the seed of the boundary.
    package var messageID: String
    package var inReplyTo: String?
    package var references: [String] = []
    /// Further unstructured fields in order.
    package var extraFields: [(name: String, value: String)] = []
    /// Plain text with any line ends.
    package var text: String
    package var attachments: [Attachment] = []

    package init(from: Mailbox, to: [Mailbox], subject: String, date: MailDate, messageID: String, text: String) {
        self.from = from
        self.to = to
        self.subject = subject
        self.date = date
        self.messageID = messageID
        self.text = text
    }

    /// The message as RFC 5322 bytes.
    package func serialised() throws(OutgoingMessageError) -> [UInt8] {
        var writer = HeaderWriter()
        try writer.addresses("From", [from])
        try writer.addresses("To", to)
        if !cc.isEmpty { try writer.addresses("Cc", cc) }
        try writer.unstructured("Subject", subject)
        try writer.structured("Date", [date.formatted])
        try writer.identifiers("Message-ID", [messageID])
        if let inReplyTo { try writer.identifiers("In-Reply-To", [inReplyTo]) }
        if !references.isEmpty { try writer.identifiers("References", references) }
        for field in extraFields { try writer.unstructured(field.name, field.value) }
        try writer.structured("MIME-Version", ["1.0"])
        var body = QuotedPrintable.encode(text)
        if attachments.isEmpty {
            try Self.textHeader(&writer)
            return writer.bytes + Self.lineEnd + body
        }
        let boundary = boundary
        try writer.structured("Content-Type", ["multipart/mixed;", "boundary=\"\(boundary)\""])
        var result = writer.bytes + Self.lineEnd
        var part = HeaderWriter()
        try Self.textHeader(&part)
        if body.isEmpty { body = Self.lineEnd }
        result += Array("--\(boundary)\r\n".utf8) + part.bytes + Self.lineEnd + body
        for attachment in attachments {
            result += Array("\r\n--\(boundary)\r\n".utf8)
            result += try Self.attachmentHeader(attachment) + Self.lineEnd
            result += Base64.encode(attachment.data, columns: 76)
        }
        return result + Array("\r\n--\(boundary)--\r\n".utf8)
    }

    private static let lineEnd = [ASCII.cr, ASCII.lf]

    /// Neither quoted-printable nor base64 can hold `=_` (RFC 2045 section 6.7).
    private var boundary: String {
        let safe = messageID.utf8.filter { (48...57).contains($0) || (97...122).contains(ASCII.lowered($0)) }
        return "=_" + String(decoding: safe.prefix(40), as: UTF8.self)
    }

    private static func textHeader(_ writer: inout HeaderWriter) throws(OutgoingMessageError) {
        try writer.structured("Content-Type", ["text/plain; charset=utf-8"])
        try writer.structured("Content-Transfer-Encoding", ["quoted-printable"])
    }

    private static func attachmentHeader(_ attachment: Attachment) throws(OutgoingMessageError) -> [UInt8] {
        var writer = HeaderWriter()
        let type = attachment.mediaType.asciiLowered
        let usable =
            type.utf8.allSatisfy { ASCII.isPrintable($0) && !"()<>@,;:\\\"[]?=".utf8.contains($0) }
            && type.utf8.count < 200 && type.split(separator: "/", omittingEmptySubsequences: false).count == 2
        let name = AttachmentName.display(attachment.name) ?? "attachment"
        try writer.structured("Content-Type", [usable ? type : "application/octet-stream"])
        try writer.structured("Content-Transfer-Encoding", ["base64"])
        try writer.structured("Content-Disposition", ["attachment;"] + HeaderWriter.parameter("filename", name))
        return writer.bytes
    }
}

/// Writes folded fields (RFC 5322 section 2.1.1 and 2.2.3).
struct HeaderWriter {
    /// Columns wanted of a line, and the most that RFC 5322 allows.
    private static let columns = 78
    private static let maximumColumns = 998

    private(set) var bytes: [UInt8] = []

    mutating func unstructured(_ name: String, _ value: String) throws(OutgoingMessageError) {
        try check(name, value)
        // A word that looks encoded must be encoded, else readers would decode it.
        let isPlain = value.utf8.allSatisfy { $0 >= 32 && $0 < 127 } && !value.contains("=?")
        let hasLongWord = value.split(separator: " ").contains { $0.utf8.count > Self.columns - 2 }
        let edge = value.first == " " || value.last == " "
        try structured(
            name,
            isPlain && !hasLongWord && !edge
                ? value.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
                : EncodedWord.encode(value, indent: name.utf8.count + 2))
    }

    mutating func addresses(_ name: String, _ list: [Mailbox]) throws(OutgoingMessageError) {
        var words: [String] = []
        for (index, mailbox) in list.enumerated() {
            guard MailAddress.isSendable(mailbox.address) else { throw .addressInvalid(mailbox.address) }
            let mark = index == list.count - 1 ? "" : ","
            if let display = mailbox.name, !display.isEmpty {
                try check(name, display)
                words +=
                    Self.phrase(display, indent: index == 0 ? name.utf8.count + 2 : 1) + ["<\(mailbox.address)>\(mark)"]
            } else {
                words.append(mailbox.address + mark)
            }
        }
        try structured(name, words)
    }

    mutating func identifiers(_ name: String, _ list: [String]) throws(OutgoingMessageError) {
        for identifier in list {
            guard !identifier.isEmpty, identifier.utf8.count <= MessageID.maximumLength - 20,
                identifier.utf8.allSatisfy({ ASCII.isPrintable($0) && $0 != ASCII.less && $0 != ASCII.greater })
            else { throw .messageIDInvalid }
        }
        try structured(name, list.map { "<\($0)>" })
    }

    /// `words` are joined by single spaces, folded where the line grows beyond 78 columns.
    mutating func structured(_ name: String, _ words: [String]) throws(OutgoingMessageError) {
        guard !name.isEmpty, name.utf8.allSatisfy({ ASCII.isPrintable($0) && $0 != ASCII.colon }) else {
            throw .fieldNameInvalid(name)
        }
        bytes += Array("\(name):".utf8)
        var column = name.utf8.count + 1
        for word in words {
            let width = word.utf8.count + 1
            guard width <= Self.maximumColumns else { throw .fieldTooLong(name) }
            // An empty word is a second space: folding there would leave a line of white space only.
            if column + width > Self.columns, column > name.utf8.count + 1, !word.isEmpty {
                bytes += [ASCII.cr, ASCII.lf]
                column = 0
            }
            bytes += [ASCII.space] + Array(word.utf8)
            column += width
        }
        bytes += [ASCII.cr, ASCII.lf]
    }

    /// `name=value`, as RFC 2231 pieces where the value is long or not ASCII.
    static func parameter(_ name: String, _ value: String) -> [String] {
        let isToken = value.utf8.allSatisfy { ASCII.isPrintable($0) && !"()<>@,;:\\\"/[]?=*'%".utf8.contains($0) }
        let isPlain = value.utf8.allSatisfy { $0 >= 32 && $0 < 127 } && value.utf8.count <= 60
        if isPlain, isToken { return ["\(name)=\(value)"] }
        if isPlain { return ["\(name)=\"\(quoted(value))\""] }
        var pieces: [String] = []
        var piece = "UTF-8''"
        for scalar in value.unicodeScalars {
            let encoded = String(scalar).utf8.map(percentEncoded).joined()
            if piece.utf8.count + encoded.utf8.count > 60 {
                pieces.append(piece)
                piece = ""
            }
            piece += encoded
        }
        pieces.append(piece)
        if pieces.count == 1 { return ["\(name)*=\(piece)"] }
        return pieces.enumerated().map { "\(name)*\($0)*=\($1)" + ($0 == pieces.count - 1 ? "" : ";") }
    }

    private static func percentEncoded(_ byte: UInt8) -> String {
        let isPlain = (48...57).contains(byte) || (97...122).contains(ASCII.lowered(byte)) || "-._~".utf8.contains(byte)
        if isPlain { return String(UnicodeScalar(byte)) }
        return String(
            decoding: [ASCII.percent, ASCII.hexDigits[Int(byte >> 4)], ASCII.hexDigits[Int(byte & 15)]], as: UTF8.self)
    }

    private static func quoted(_ value: String) -> String {
        String(value.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] })
    }

    private static func phrase(_ display: String, indent: Int) -> [String] {
        let isASCII = display.utf8.allSatisfy { $0 >= 32 && $0 < 127 } && !display.contains("=?")
        guard isASCII, display.utf8.count <= 60 else { return EncodedWord.encode(display, indent: indent) }
        let isAtoms = display.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (97...122).contains(ASCII.lowered(byte)) || byte == ASCII.space
                || "!#$&'*+-/=^_`{|}~".utf8.contains(byte)
        }
        return [isAtoms && !display.hasPrefix(" ") && !display.hasSuffix(" ") ? display : "\"\(quoted(display))\""]
    }

    private func check(_ name: String, _ value: String) throws(OutgoingMessageError) {
        if value.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) { throw .controlInHeader(name) }
    }
}

/// Addresses that this program sends to.
package enum MailAddress {
    /// RFC 5321 section 4.5.3.1.3.
    private static let maximumLength = 254

    /// ASCII `local@domain` without quotes, white space and specials: a subset of RFC 5321 that no header or command
    /// can be broken with.
    package static func isSendable(_ address: String) -> Bool {
        let bytes = Array(address.utf8)
        guard bytes.count <= maximumLength, let at = bytes.firstIndex(of: ASCII.at), at > 0, at <= 64,
            at + 1 < bytes.count, !bytes[(at + 1)...].contains(ASCII.at)
        else { return false }
        let local = bytes[..<at]
        let domain = bytes[(at + 1)...]
        return local.allSatisfy { isWordByte($0) || "!#$%&'*+/=?^`{|}~.".utf8.contains($0) }
            && domain.allSatisfy { isWordByte($0) || ".[]:".utf8.contains($0) }
            && domain.first != ASCII.dot && domain.first != ASCII.hyphen
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...122).contains(ASCII.lowered(byte)) || byte == ASCII.hyphen
            || byte == ASCII.underscore
    }

    /// The part after the last `@`, lower case.
    package static func domain(_ address: String) -> String? {
        guard let at = address.lastIndex(of: "@") else { return nil }
        let domain = String(address[address.index(after: at)...]).asciiLowered
        return domain.isEmpty ? nil : domain
    }

    /// Same mailbox for the purpose of loops: ASCII case ignored in both halves.
    package static func isSame(_ one: String, _ other: String) -> Bool { one.asciiLowered == other.asciiLowered }
}
