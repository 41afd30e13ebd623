import Formula

/// Writes rows of cells as SpreadsheetML, straight into the pieces that are compressed.
struct RowEncoder {
    private let output: ZipOutput
    private(set) var strings: SharedStrings
    /// `A`, `B`, `AA` … padded to four bytes, with their lengths.
    private var names: [(UInt32, Int)] = []
    /// ` s="12"` by style.
    private var styles: [[UInt8]] = []
    private var rowDigits: [UInt8] = []
    /// The most that a cell's tags and numbers take.
    private static let overhead = 160

    init(_ output: ZipOutput, strings: SharedStrings) {
        self.output = output
        self.strings = strings
    }

    mutating func begin(row: Int, attributes: String = "") throws(OOXMLError) {
        rowDigits = Array("\(row + 1)".utf8)
        try raw("<row r=\"\(row + 1)\"\(attributes)>")
    }

    func end() throws(OOXMLError) { try raw("</row>") }

    /// Text that is XML already.
    func raw(_ text: String) throws(OOXMLError) { try output.write(Array(text.utf8)) }

    mutating func blank(_ column: Int, style: Int) throws(OOXMLError) {
        var (start, _) = try output.room(Self.overhead)
        let first = start
        open(column, style, &start)
        Self.put("/>", &start)
        output.took(start - first)
    }

    mutating func number(_ value: Double, _ column: Int, style: Int) throws(OOXMLError) {
        var (start, _) = try output.room(Self.overhead)
        let first = start
        open(column, style, &start)
        Self.put("><v>", &start)
        DecimalText.write(value, &start)
        Self.put("</v></c>", &start)
        output.took(start - first)
    }

    mutating func boolean(_ value: Bool, _ column: Int, style: Int) throws(OOXMLError) {
        var (start, _) = try output.room(Self.overhead)
        let first = start
        open(column, style, &start)
        Self.put(value ? " t=\"b\"><v>1</v></c>" : " t=\"b\"><v>0</v></c>", &start)
        output.took(start - first)
    }

    mutating func text(_ text: String, _ column: Int, style: Int) throws(OOXMLError) {
        var buffer = text
        var failed: OOXMLError?
        buffer.withUTF8 { bytes in
            do throws(OOXMLError) {
                if let index = strings.index(of: text, bytes) {
                    try shared(index, column, style)
                } else if bytes.count < 16_384, XString.isPlain(bytes) {
                    try inline(bytes, column, style)
                } else {
                    try slow(text, column, style)
                }
            } catch { failed = error }
        }
        if let failed { throw failed }
    }

    private mutating func shared(_ index: Int, _ column: Int, _ style: Int) throws(OOXMLError) {
        var (start, _) = try output.room(Self.overhead)
        let first = start
        open(column, style, &start)
        Self.put(" t=\"s\"><v>", &start)
        DecimalText.write(UInt64(index), &start)
        Self.put("</v></c>", &start)
        output.took(start - first)
    }

    private mutating func inline(
        _ bytes: UnsafeBufferPointer<UInt8>, _ column: Int, _ style: Int
    ) throws(OOXMLError) {
        var (start, _) = try output.room(Self.overhead + bytes.count)
        let first = start
        open(column, style, &start)
        let keepsSpace = bytes.first.map { $0 <= 0x20 } ?? false || bytes.last.map { $0 <= 0x20 } ?? false
        Self.put(
            keepsSpace ? " t=\"inlineStr\"><is><t xml:space=\"preserve\">" : " t=\"inlineStr\"><is><t>", &start)
        if let base = bytes.baseAddress { start.update(from: base, count: bytes.count) }
        start += bytes.count
        Self.put("</t></is></c>", &start)
        output.took(start - first)
    }

    private mutating func slow(_ text: String, _ column: Int, _ style: Int) throws(OOXMLError) {
        var xml = XMLBuffer(fragment: ())
        xml.element("is") { $0.element("t", ["xml:space": "preserve"], text: XString.escaped(text)) }
        try opened(" t=\"inlineStr\">", column, style)
        try output.write(xml.bytes)
        try raw("</c>")
    }

    /// A formula with its value. `area`: the cells that an array formula fills.
    mutating func formula(
        _ formula: String, _ value: CellValue?, area: String?, _ column: Int, style: Int
    ) throws(OOXMLError) {
        let type: String =
            switch value {
            case .text?: " t=\"str\">"
            case .boolean?: " t=\"b\">"
            case .error?: " t=\"e\">"
            case .blank?, .number?, nil: ">"
            }
        var xml = XMLBuffer(fragment: ())
        let attributes: KeyValuePairs<String, String?> = area.map { ["t": "array", "ref": $0] } ?? [:]
        xml.element("f", attributes, text: formula)
        switch value {
        case nil: break
        case .blank?: xml.element("v", text: "0")
        case .number(let number)?: xml.element("v", text: NumberText.plain(number))
        case .text(let text)?: xml.element("v", text: XString.escaped(text))
        case .boolean(let flag)?: xml.element("v", text: flag ? "1" : "0")
        case .error(let error)?: xml.element("v", text: error.text)
        }
        try opened(type, column, style)
        try output.write(xml.bytes)
        try raw("</c>")
    }

    mutating func error(_ error: ErrorValue, _ column: Int, style: Int) throws(OOXMLError) {
        try opened(" t=\"e\"><v>\(error.text)</v></c>", column, style)
    }

    // MARK: Bytes

    private mutating func opened(_ rest: String, _ column: Int, _ style: Int) throws(OOXMLError) {
        var (start, _) = try output.room(Self.overhead)
        let first = start
        open(column, style, &start)
        output.took(start - first)
        try raw(rest)
    }

    /// `<c r="B2" s="3"`
    @inline(__always) private mutating func open(
        _ column: Int, _ style: Int, _ start: inout UnsafeMutablePointer<UInt8>
    ) {
        if column >= names.count { name(upTo: column) }
        Self.put("<c r=\"", &start)
        let (letters, count) = names[column]
        UnsafeMutableRawPointer(start).storeBytes(of: letters.littleEndian, as: UInt32.self)
        start += count
        for digit in rowDigits {
            start.pointee = digit
            start += 1
        }
        start.pointee = UInt8(ascii: "\"")
        start += 1
        guard style != 0 else { return }
        if style >= styles.count { nameStyle(upTo: style) }
        for byte in styles[style] {
            start.pointee = byte
            start += 1
        }
    }

    private mutating func name(upTo column: Int) {
        while names.count <= column {
            let letters = Array(CellName.letters(names.count).utf8)
            let packed = letters.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << (8 * UInt32($1.offset)) }
            names.append((packed, letters.count))
        }
    }

    private mutating func nameStyle(upTo style: Int) {
        while styles.count <= style { styles.append(Array(" s=\"\(styles.count)\"".utf8)) }
    }

    @inline(__always) private static func put(_ text: StaticString, _ start: inout UnsafeMutablePointer<UInt8>) {
        start.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        start += text.utf8CodeUnitCount
    }
}

/// Numbers as decimal text, the shortest that reads back as the same.
enum DecimalText {
    /// 2^53: integers up to here are exact.
    private static let exact = 9_007_199_254_740_992.0

    @inline(__always) static func write(_ value: UInt64, _ start: inout UnsafeMutablePointer<UInt8>) {
        var rest = value
        var count = 1
        var bound: UInt64 = 10
        while count < 20, rest >= bound {
            count += 1
            let (next, overflow) = bound.multipliedReportingOverflow(by: 10)
            if overflow { break }
            bound = next
        }
        var at = start + count
        start = at
        repeat {
            at -= 1
            at.pointee = UInt8(truncatingIfNeeded: 48 + rest % 10)
            rest /= 10
        } while rest > 0
    }

    /// At most 25 bytes. What is not finite becomes 0.
    @inline(__always) static func write(_ value: Double, _ start: inout UnsafeMutablePointer<UInt8>) {
        guard value.isFinite else { return write(0 as UInt64, &start) }
        let magnitude = value.magnitude
        // -0.0 is written as 0, as no cell can hold it.
        if value < 0 {
            start.pointee = UInt8(ascii: "-")
            start += 1
        }
        if magnitude < 1e15 {
            let whole = UInt64(magnitude)
            if Double(whole) == magnitude { return write(whole, &start) }
            // A quotient of two exact numbers is the number nearest to their decimal text, which thus reads back.
            for (scale, digits) in [(10.0, 1), (100.0, 2), (1000.0, 3), (10000.0, 4)] as [(Double, Int)] {
                let scaled = (magnitude * scale).rounded()
                guard scaled < exact, scaled / scale == magnitude else { continue }
                let number = UInt64(scaled)
                let divisor = UInt64(scale)
                write(number / divisor, &start)
                start.pointee = UInt8(ascii: ".")
                start += 1
                var rest = number % divisor
                for place in stride(from: digits - 1, through: 0, by: -1) {
                    start[place] = UInt8(truncatingIfNeeded: 48 + rest % 10)
                    rest /= 10
                }
                start += digits
                while start[-1] == UInt8(ascii: "0") { start -= 1 }
                return
            }
        }
        var text = magnitude.description
        text.withUTF8 { bytes in
            if let base = bytes.baseAddress { start.update(from: base, count: bytes.count) }
            start += bytes.count
        }
    }
}
