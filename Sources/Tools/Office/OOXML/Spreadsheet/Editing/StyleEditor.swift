/// Adds formats to a foreign workbook's styles.
struct StyleEditor {
    private let editor: PackageEditor
    private let part: String?
    private let formats: CellFormats
    private var made: [String: Int] = [:]

    init(_ editor: PackageEditor, part: String?, formats: CellFormats) {
        self.editor = editor
        self.part = part
        self.formats = formats
    }

    /// A style like `base` that shows dates; `base` itself where it does.
    mutating func date(like base: Int, timed: Bool) throws(OOXMLError) -> Int {
        guard let part, !formats.isDate(base) else { return base }
        let key = "\(base) \(timed)"
        if let style = made[key] { return style }
        let bytes = try editor.bytes(part)
        let scanner = try XMLScanner(bytes)
        var list = 0..<0
        var count = 0
        var like: Range<Int>?
        var end = 0
        var isInside = false
        while case let event = try scanner.next(), event != .done {
            if event == .start, scanner.isNamed("cellXfs") {
                isInside = true
                list = scanner.range
            } else if event == .start, isInside, scanner.isNamed("xf") {
                let start = scanner.range.lowerBound
                if count == base { like = start..<start }
            } else if event == .end, isInside, scanner.isNamed("xf") {
                if count == base, let start = like?.lowerBound { like = start..<scanner.range.upperBound }
                count += 1
            } else if event == .end, scanner.isNamed("cellXfs") {
                isInside = false
                end = scanner.range.lowerBound
            }
        }
        guard let like, count > 0 else { return base }
        let copy = Array(bytes[like])
        let tag = (copy.firstIndex(of: UInt8(ascii: ">")) ?? copy.count - 1) + 1
        // 14 and 22 are the reader's own short date, without and with a time.
        let changed = StartTag(Array(copy[..<tag])).setting([
            ("numFmtId", timed ? "22" : "14"), ("applyNumberFormat", "1"),
        ])
        var patch = XMLPatch(bytes)
        patch.set([("count", "\(count + 1)")], inTag: list)
        patch.insert(String(decoding: changed + copy[tag...], as: UTF8.self), at: end)
        editor.set(part, patch.result)
        made[key] = count
        return count
    }
}
