import DocumentModel
import MIME

/// Reads RTF (Microsoft, "Rich Text Format Specification 1.9.1"): text, tables, lists by their markers, and properties.
struct RichText {
    /// Groups within groups; the parser keeps a state of each.
    private static let maximumDepth = 500

    private struct State {
        var isHidden = false
        /// Characters that stand in for one `\u`.
        var fallback = 1
        var property: String?
        var outline: Int?
        var isInTable = false
    }

    private let bytes: [UInt8]
    private var position = 0
    private var state = State()
    private var states: [State] = []
    private var charset = "windows-1252"
    private var text: [UInt8] = []
    private var skip = 0
    private var row: [Scalar] = []
    private var rows: [[Scalar]] = []
    private var surrogate: UInt32?
    private var builder: DocumentBuilder

    static func read(_ bytes: [UInt8], into builder: inout DocumentBuilder) throws(ReadingError) {
        var reader = RichText(bytes, builder)
        reader.builder.begin(.body)
        try reader.run()
        reader.endParagraph()
        reader.endTable()
        builder = reader.builder
    }

    private init(_ bytes: [UInt8], _ builder: DocumentBuilder) {
        self.bytes = bytes
        self.builder = builder
    }

    private static let destinations: Set<String> = [
        "fonttbl", "colortbl", "stylesheet", "listtable", "listoverridetable", "pict", "object", "themedata",
        "colorschememapping", "latentstyles", "datastore", "rsidtbl", "generator", "fldinst", "filetbl", "xmlnstbl",
        "mmathPr", "pgdsctbl", "wgrffmtfilter", "revtbl", "userprops", "nonshppict", "bkmkstart", "bkmkend",
        "listtext", "pntext", "operator", "company", "category", "comment", "doccomm",
    ]
    private static let properties: Set<String> = ["title", "author", "subject", "keywords"]

    private mutating func run() throws(ReadingError) {
        while position < bytes.count, !builder.isFull {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "{"):
                guard states.count < Self.maximumDepth else {
                    throw ReadingError(.damaged, "The document's groups are nested deeper than \(Self.maximumDepth).")
                }
                states.append(state)
            case UInt8(ascii: "}"):
                if let property = state.property { keep(property) }
                if let outer = states.popLast() { state = outer }
            case UInt8(ascii: "\\"): control()
            case 0x0A, 0x0D, 0x00: break
            default: put(byte)
            }
        }
    }

    private mutating func put(_ byte: UInt8) {
        if skip > 0 {
            skip -= 1
            return
        }
        guard !state.isHidden else { return }
        if byte < 0x80 {
            text.append(byte)
        } else {
            text += Array((Charset.decode([byte], charset: charset) ?? "").utf8)
        }
    }

    private mutating func control() {
        guard position < bytes.count else { return }
        let first = bytes[position]
        guard (0x61...0x7A).contains(first | 0x20) else { return symbol(first) }
        var word = ""
        while position < bytes.count, (0x61...0x7A).contains(bytes[position] | 0x20), word.utf8.count < 40 {
            word.unicodeScalars.append(UnicodeScalar(bytes[position]))
            position += 1
        }
        var digits = ""
        if position < bytes.count, bytes[position] == UInt8(ascii: "-") {
            digits = "-"
            position += 1
        }
        while position < bytes.count, (0x30...0x39).contains(bytes[position]), digits.utf8.count < 12 {
            digits.unicodeScalars.append(UnicodeScalar(bytes[position]))
            position += 1
        }
        if position < bytes.count, bytes[position] == 0x20 { position += 1 }
        perform(word, Int(digits))
    }

    private mutating func symbol(_ byte: UInt8) {
        position += 1
        switch byte {
        case UInt8(ascii: "'"):
            guard position + 2 <= bytes.count else { return }
            let hex = String(decoding: bytes[position..<position + 2], as: UTF8.self)
            position += 2
            if let value = UInt8(hex, radix: 16) { put(value) }
        case UInt8(ascii: "~"): insert("\u{A0}")
        case UInt8(ascii: "_"): insert("\u{2011}")
        case UInt8(ascii: "*"): state.isHidden = true
        case UInt8(ascii: "\\"), UInt8(ascii: "{"), UInt8(ascii: "}"): put(byte)
        case 0x0A, 0x0D: endParagraph()
        default: break
        }
    }

    private mutating func perform(_ word: String, _ number: Int?) {
        if Self.destinations.contains(word) {
            state.isHidden = true
            return
        }
        if Self.properties.contains(word) {
            // Properties stand in the info group; their text is kept aside.
            flushBefore()
            state.property = word
            return
        }
        switch word {
        case "par", "sect", "page": endParagraph()
        case "line": insert("\n")
        case "tab": insert("\t")
        case "emdash": insert("—")
        case "endash": insert("–")
        case "lquote": insert("‘")
        case "rquote": insert("’")
        case "ldblquote": insert("“")
        case "rdblquote": insert("”")
        case "bullet": insert("•")
        case "u": insertUnicode(number ?? 0)
        case "uc": state.fallback = min(max(0, number ?? 1), 20)
        case "v": state.isHidden = number != 0
        case "pard":
            state.outline = nil
            state.isInTable = false
        case "outlinelevel": state.outline = number
        case "intbl": state.isInTable = true
        case "cell": endCell()
        case "row": endRow()
        case "ansicpg": charset = "windows-\(number ?? 1252)"
        case "bin": position = min(bytes.count, position + max(0, min(number ?? 0, bytes.count)))
        default: break
        }
    }

    private mutating func insert(_ string: String) {
        if skip > 0 {
            skip -= 1
        } else if !state.isHidden {
            text += Array(string.utf8)
        }
    }

    /// Signed 16-bit units of UTF-16.
    private mutating func insertUnicode(_ number: Int) {
        let unit = UInt32(truncatingIfNeeded: number & 0xFFFF)
        var value: UInt32? = unit
        if (0xD800..<0xDC00).contains(unit) {
            surrogate = unit
            value = nil
        } else if (0xDC00..<0xE000).contains(unit) {
            value = surrogate.map { 0x10000 + (($0 - 0xD800) << 10) + (unit - 0xDC00) }
            surrogate = nil
        }
        if let scalar = value.flatMap({ UnicodeScalar($0) }), !state.isHidden { text += Array(String(scalar).utf8) }
        skip = state.fallback
    }

    private mutating func take() -> String {
        defer { text = [] }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func flushBefore() { if !text.isEmpty { endParagraph() } }

    private mutating func keep(_ property: String) {
        let value = take().trimmed
        guard !value.isEmpty else { return }
        switch property {
        case "title": builder.metadata.title = value
        case "author": builder.metadata.author = value
        case "subject": builder.metadata.subject = value
        default: builder.metadata.keywords = value
        }
    }

    private mutating func endParagraph() {
        if state.isInTable {
            text.append(0x0A)
            return
        }
        endTable()
        let plain = take()
        if let outline = state.outline, (0..<9).contains(outline) {
            builder.add(DocumentElement(.heading, text: plain, level: outline + 1))
        } else {
            builder.add(DocumentElement(.paragraph, text: plain))
        }
    }

    private mutating func endCell() {
        let plain = take().trimmed
        if row.count < 200 { row.append(plain.isEmpty ? .null : .text(plain)) }
    }

    private mutating func endRow() {
        if !row.isEmpty, rows.count < 100_000 { rows.append(row) }
        row = []
    }

    private mutating func endTable() {
        if !row.isEmpty { endRow() }
        guard !rows.isEmpty else { return }
        builder.add(DocumentElement(.table, rows: rows))
        rows = []
    }
}
