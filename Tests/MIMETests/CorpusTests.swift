import FoundationEssentials
import MIME
import Testing

@Suite(.timeLimit(.minutes(10))) struct CorpusTests {
    /// Message and field where this parser knowingly differs, with the reason.
    private static let argued: [String: String] = {
        let raw = "8-bit bytes without a charset: read as Windows-1252 here, as U+FFFD there"
        let uuencode = "x-uuencode is no encoding of RFC 2045 section 6: the body stays as it is, line ends included"
        let whole = "RFC 2046 section 5.1.1: a delimiter is a whole line, and the outer one ends the inner multipart"
        let alphabet = "RFC 2045 section 6.8: bytes outside the base64 alphabet are passed over"
        return [
            "legacy__017.eml to": raw, "legacy__026.eml attachments": raw, "legacy__027.eml subject": raw,
            "legacy__027.eml to": raw, "legacy__052.eml subject": raw, "legacy__052.eml to": raw,
            "legacy__052.eml text": raw,
            "legacy__017.eml attachments": uuencode, "legacy__017.eml bytes": uuencode,
            "legacy__048.eml attachments": uuencode, "legacy__048.eml bytes": uuencode,
            "malformed__001.eml text": whole, "malformed__004.eml attachments": whole,
            "malformed__006.eml text": whole, "malformed__006.eml attachments": whole,
            "malformed__011.eml text": whole, "malformed__011.eml attachments": whole,
            "malformed__019.eml text": whole, "thirdparty__005.eml text": whole,
            "rfc__000.eml attachments": alphabet, "rfc__000.eml bytes": alphabet,
        ]
    }()

    @Test(.enabled(if: Corpus.isPresent, "the corpora are not there"))
    func agreesWithAnIndependentParser() throws {
        var differences: [String] = []
        var compared = 0
        for file in try Corpus.files(Corpus.messages, ".eml") {
            let message = Message(parsing: try Corpus.bytes(Corpus.messages + "/" + file))
            let json = Data(try Corpus.bytes(Corpus.messages + "/" + file.replacing(".eml", with: ".json")))
            let expected = try JSONDecoder().decode(ExpectedMessage.self, from: json)
            for (field, ours, theirs) in Self.views(of: message, expected) {
                compared += 1
                let key = "\(file) \(field)"
                if ours != theirs, Self.argued[key] == nil {
                    differences.append(
                        "\(key)\n  ours:   \(ours.prefix(400).debugDescription)\n  theirs: \(theirs.prefix(400).debugDescription)"
                    )
                }
            }
        }
        #expect(compared > 200)
        #expect(
            differences.isEmpty, "\(differences.count) of \(compared) differ:\n\(differences.joined(separator: "\n"))")
    }

    private static func views(of message: Message, _ expected: ExpectedMessage) -> [(String, String, String)] {
        func shown(_ list: [Mailbox]) -> String {
            list.map { "\(($0.name ?? "").split(separator: " ").joined(separator: " "))<\($0.address)>" }.joined(
                separator: ", ")
        }
        func shown(_ list: [ExpectedMessage.Address]) -> String {
            list.map { "\(($0.name ?? "").split(separator: " ").joined(separator: " "))<\($0.address ?? "")>" }.joined(
                separator: ", ")
        }
        func squeezed(_ text: String) -> String { text.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
        let texts = message.body.text.filter { $0.mediaType.hasPrefix("text/") }.map { $0.text().text }
        let theirTexts = expected.bodies(expected.textBody).compactMap { body -> String? in
            switch body {
            case .text(let text), .html(let text): text
            default: nil
            }
        }
        let data = message.attachments.map { part in
            part.mediaType == "message/rfc822"
                ? "message"
                : part.mediaType.hasPrefix("text/") ? squeezed(part.text().text) : part.data.count.description
        }
        let theirData = expected.bodies(expected.attachments).map { body in
            switch body {
            case .text(let text), .html(let text): squeezed(text)
            case .binary(let bytes): bytes.count.description
            case .other: "message"
            }
        }
        let binary = message.attachments.filter { !$0.mediaType.hasPrefix("text/") && $0.mediaType != "message/rfc822" }
            .map(\.data)
        let theirBinary = expected.bodies(expected.attachments).compactMap { body -> [UInt8]? in
            if case .binary(let bytes) = body { bytes } else { nil }
        }
        return [
            ("subject", squeezed(message.subject), squeezed(expected.header("subject")?.text ?? "")),
            ("from", shown(message.from), shown(expected.header("from")?.address?.all ?? [])),
            ("to", shown(message.to), shown(expected.header("to")?.address?.all ?? [])),
            ("text", squeezed(texts.joined(separator: "\n")), squeezed(theirTexts.joined(separator: "\n"))),
            ("attachments", data.joined(separator: "|"), theirData.joined(separator: "|")),
            (
                "bytes", binary.count == theirBinary.count && binary == theirBinary ? "same" : "\(binary.map(\.count))",
                binary == theirBinary ? "same" : "\(theirBinary.map(\.count))"
            ),
        ]
    }

    @Test(.enabled(if: Corpus.isPresent, "the corpora are not there"))
    func readsEveryBounce() throws {
        let files = try Corpus.files(Corpus.bounces, ".eml")
        #expect(files.count > 200)
        for file in files {
            let message = Message(parsing: try Corpus.bytes(Corpus.bounces + "/" + file))
            #expect(!message.header.fields.isEmpty, "\(file)")
            _ = (message.text, message.links, message.attachments.map(\.data))
        }
    }

    @Test(.enabled(if: Corpus.isPresent, "the corpora are not there"))
    func survivesMutations() throws {
        var generator = Generator(state: 0x5EED)
        let corpus = try [Corpus.messages, Corpus.bounces].flatMap { directory in
            try Corpus.files(directory, ".eml").map { try Corpus.bytes(directory + "/" + $0) }
        }.filter { $0.count < 60_000 && !$0.isEmpty }
        for _ in 0..<3_000 {
            var bytes = corpus[Int(generator.next() % UInt64(corpus.count))]
            for _ in 0...(generator.next() % 12) { Self.mutate(&bytes, &generator) }
            let message = Message(parsing: bytes)
            _ = (message.subject, message.from, message.to, message.date, message.references, message.text)
            for part in message.attachments { _ = (part.data, part.fileName.map { AttachmentName.display($0) }) }
        }
    }

    private static func mutate(_ bytes: inout [UInt8], _ generator: inout Generator) {
        guard !bytes.isEmpty else { return }
        let place = Int(generator.next() % UInt64(bytes.count))
        switch generator.next() % 6 {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: place)
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + Int(generator.next() % 200)))
        case 4:
            bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + Int(generator.next() % 200))], at: place)
        default:
            let marks = Array("<>()\",;:=?\r\n\t@-\\*%'&".utf8)
            bytes[place] = marks[Int(generator.next() % UInt64(marks.count))]
        }
    }
}

/// SplitMix64: the same numbers on each machine.
struct Generator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
