/// Writes numbered objects, their table and the trailer (ISO 32000-1, section 7.5).
struct ObjectWriter {
    /// Objects that are added to Cairo's, by number.
    struct Extras {
        var catalog = ""
        var metadata = 0
        var intent = 0
        var profile = 0
        var noteNames = 0
        var fileNames = 0
        /// What the catalog's names have to say of the attachments.
        var embedded: String { " /EmbeddedFiles \(fileNames) 0 R" }
        /// A specification and its stream for each attachment.
        var files: [(specification: Int, stream: Int)] = []
    }

    private var output: [UInt8]
    private var offsets: [Int: Int] = [:]
    private var next: Int
    var noteObjects: [Int] = []
    var structureRoot: (number: Int, dictionary: String)?

    init(firstFree: Int) {
        // Four bytes above 127 tell transfer programs that the file is binary (section 7.5.2).
        output = Array("%PDF-1.7\n%".utf8) + [0xE2, 0xE3, 0xCF, 0xD3, 0x0A]
        next = firstFree
    }

    private mutating func free() -> Int {
        defer { next += 1 }
        return next
    }

    mutating func reserve(metadata: ReportMetadata, attachments: [EmbeddedFile]) -> Extras {
        var extras = Extras()
        extras.metadata = free()
        extras.intent = free()
        extras.profile = free()
        extras.noteNames = free()
        extras.fileNames = free()
        extras.files = attachments.map { _ in (free(), free()) }
        extras.catalog =
            " /Lang \(PDFText.string(metadata.language)) /ViewerPreferences << /DisplayDocTitle true >>"
            + " /Metadata \(extras.metadata) 0 R /OutputIntents [ \(extras.intent) 0 R ]"
        if !attachments.isEmpty {
            let list = extras.files.map { "\($0.specification) 0 R" }.joined(separator: " ")
            extras.catalog += " /AF [ \(list) ]"
        }
        return extras
    }

    mutating func add(_ number: Int, bytes: ArraySlice<UInt8>) {
        offsets[number] = output.count
        output += Array("\(number) 0 obj\n".utf8)
        output += bytes
        output += Array("endobj\n".utf8)
    }

    mutating func add(_ number: Int, _ body: String) { add(number, bytes: Array((body + "\n").utf8)[...]) }

    /// Compressed unless `entries` name another filter or none is wanted.
    mutating func add(_ number: Int, stream: [UInt8], _ entries: String, isPlain: Bool = false) {
        let data = isPlain ? stream : Deflate.deflated(stream)
        let filter = isPlain ? "" : " /Filter /FlateDecode"
        var body = Array("<< /Length \(data.count)\(filter)\(entries) >>\nstream\n".utf8)
        body += data
        body += Array("\nendstream\n".utf8)
        add(number, bytes: body[...])
    }

    mutating func addExtras(_ extras: Extras, metadata: ReportMetadata, attachments: [EmbeddedFile]) {
        // Metadata stay readable without unpacking (ISO 19005-2, section 6.6.2.1).
        let packet = Array(metadata.packet(part: attachments.isEmpty ? 2 : 3).utf8)
        add(extras.metadata, stream: packet, " /Type /Metadata /Subtype /XML", isPlain: true)
        add(
            extras.intent,
            "<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) /Info (sRGB IEC61966-2.1)"
                + " /DestOutputProfile \(extras.profile) 0 R >>")
        add(extras.profile, stream: ColourProfile.sRGB, " /N 3")
        let notes = noteObjects.enumerated().map { "(note-\($0 + 1)) \($1) 0 R" }.sorted().joined(separator: " ")
        add(extras.noteNames, "<< /Names [ \(notes) ] >>")
        if let structureRoot {
            let body = structureRoot.dictionary
            let end = body.lastIndex(of: ">").map { body.index(before: $0) } ?? body.endIndex
            let entry = noteObjects.isEmpty ? "" : " /IDTree \(extras.noteNames) 0 R"
            add(structureRoot.number, body[..<end] + entry + body[end...])
        }
        // Keys stand in their order; a number before each name keeps equal names apart.
        let names = zip(extras.files, attachments).enumerated().map { index, pair in
            "\(PDFText.string("\(1_000 + index) \(pair.1.name)")) \(pair.0.specification) 0 R"
        }
        add(extras.fileNames, "<< /Names [ \(names.joined(separator: " ")) ] >>")
        for (place, file) in zip(extras.files, attachments) {
            let name = PDFText.string(file.name)
            let description = file.description.map { " /Desc \(PDFText.string($0))" } ?? ""
            add(
                place.specification,
                "<< /Type /Filespec /F \(name) /UF \(name)\(description) /AFRelationship /Supplement"
                    + " /EF << /F \(place.stream) 0 R /UF \(place.stream) 0 R >> >>")
            add(
                place.stream, stream: file.bytes,
                " /Type /EmbeddedFile /Subtype /\(PDFText.name(file.mediaType)) /Params << /Size \(file.bytes.count) >>"
            )
        }
    }

    /// The identifiers come from the file's own bytes: the same report gives the same file.
    mutating func file(root: Int, information: Int?) -> [UInt8] {
        let identifier = PDFText.digest(output)
        let start = output.count
        var table = "xref\n0 \(next)\n0000000000 65535 f \n"
        for number in 1..<next {
            let offset = String(offsets[number] ?? 0)
            let padded = String(repeating: "0", count: max(0, 10 - offset.count)) + offset
            table += offsets[number] == nil ? "0000000000 00000 f \n" : "\(padded) 00000 n \n"
        }
        let information = information.map { " /Info \($0) 0 R" } ?? ""
        table +=
            "trailer\n<< /Size \(next) /Root \(root) 0 R\(information) /ID [ <\(identifier)> <\(identifier)> ] >>\n"
        output += Array("\(table)startxref\n\(start)\n%%EOF\n".utf8)
        return output
    }
}

/// How PDF writes texts and names.
enum PDFText {
    /// As hexadecimal UTF-16BE with its mark (ISO 32000-1, section 7.9.2.2).
    static func string(_ text: String) -> String {
        var hex = "<FEFF"
        for unit in text.utf16 {
            let digits = String(unit, radix: 16, uppercase: true)
            hex += String(repeating: "0", count: 4 - digits.count) + digits
        }
        return hex + ">"
    }

    /// Section 7.3.5: everything but letters, digits, `-` and `.` as `#` and two digits.
    static func name(_ text: String) -> String {
        text.utf8.reduce(into: "") { name, byte in
            let isPlain =
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x2D || byte == 0x2E
            let digits = String(byte, radix: 16, uppercase: true)
            name += isPlain ? String(UnicodeScalar(byte)) : "#" + (digits.count == 1 ? "0" : "") + digits
        }
    }

    /// 128 bits that differ where the bytes do (FNV-1a, twice, from two starts); no secret depends on it.
    static func digest(_ bytes: [UInt8]) -> String {
        var (first, second) = (0xCBF2_9CE4_8422_2325 as UInt64, 0x9E37_79B9_7F4A_7C15 as UInt64)
        for byte in bytes {
            first = (first ^ UInt64(byte)) &* 0x100_0000_01B3
            second = (second ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        return [first, second].map {
            let hex = String($0, radix: 16, uppercase: true)
            return String(repeating: "0", count: 16 - hex.count) + hex
        }.joined()
    }
}
