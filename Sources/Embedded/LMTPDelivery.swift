/// A delivery over LMTP (RFC 2033) to the private mail server, one recipient.
enum LMTPDelivery {
    /// Dovecot answers in milliseconds; a loaded machine gets time.
    private static let replySeconds = 20

    static func deliver(_ message: [UInt8], from sender: String, to recipient: String, socket path: String) throws {
        for address in [sender, recipient] where address.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) {
            throw EmbeddedError(.invalid, "\(address) cannot be the address of a delivery")
        }
        guard let socket = LocalSocket.unix(path) else { throw EmbeddedError(.notReady, "nobody listens on \(path)") }
        socket.setTimeout(seconds: replySeconds)
        try expect("2", socket)
        try say("LHLO localhost\r\n", "2", socket)
        try say("MAIL FROM:<\(sender)>\r\n", "2", socket)
        try say("RCPT TO:<\(recipient)>\r\n", "2", socket)
        try say("DATA\r\n", "3", socket)
        guard socket.send(dotStuffed(message)) else { throw EmbeddedError(.notReady, "\(path) closed during DATA") }
        try expect("2", socket)
        _ = socket.send(Array("QUIT\r\n".utf8))
    }

    /// RFC 5321 section 4.5.2; bare LF becomes CRLF.
    static func dotStuffed(_ message: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(message.count + message.count / 16 + 8)
        var isLineStart = true
        var previous: UInt8 = 0
        for byte in message {
            if isLineStart, byte == UInt8(ascii: ".") { output.append(byte) }
            if byte == UInt8(ascii: "\n"), previous != UInt8(ascii: "\r") { output.append(UInt8(ascii: "\r")) }
            output.append(byte)
            isLineStart = byte == UInt8(ascii: "\n")
            previous = byte
        }
        if !isLineStart { output += Array("\r\n".utf8) }
        return output + Array(".\r\n".utf8)
    }

    private static func say(_ line: String, _ answer: Character, _ socket: LocalSocket) throws {
        guard socket.send(Array(line.utf8)) else { throw EmbeddedError(.notReady, "the LMTP server closed") }
        try expect(answer, socket)
    }

    /// Reads one reply; the last of its lines has a space after the code.
    private static func expect(_ answer: Character, _ socket: LocalSocket) throws {
        var text = ""
        while true {
            guard let bytes = socket.receive() else {
                throw EmbeddedError(.notReady, "the LMTP server closed: \(text)")
            }
            text += String(decoding: bytes, as: UTF8.self)
            guard text.hasSuffix("\r\n"), let last = text.split(separator: "\r\n").last else { continue }
            guard last.count > 3, last[last.index(last.startIndex, offsetBy: 3)] == " " else { continue }
            guard last.first == answer else { throw EmbeddedError(.invalid, "the LMTP server answered: \(last)") }
            return
        }
    }
}
