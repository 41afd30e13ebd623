package import Formula

/// Reads XLSX files, foreign ones too: bounded, and with errors that say what is wrong. Not to be shared between threads.
package final class WorkbookReader {
    package struct SheetEntry: Sendable, Hashable {
        package var name: String
        package var isHidden: Bool
        let part: String
        /// `rId3`
        let relationship: String
    }

    package struct TableEntry: Sendable, Hashable {
        package var name: String
        package var sheet: Int
        package var rows: ClosedRange<Int>
        package var columns: ClosedRange<Int>
        package var headers: [String]
        package var hasHeaders: Bool
        package var hasTotals: Bool
        let part: String
    }

    package struct NameEntry: Sendable, Hashable {
        package var name: String
        package var refersTo: String
        /// `nil`: of the workbook.
        package var sheet: Int?
    }

    package let package: PackageReader
    let main: String
    package let sheets: [SheetEntry]
    package let names: [NameEntry]
    package let dateSystem: DateSystem
    /// UTF-8 bytes of all shared strings: they are held in memory as long as the reader is.
    static let mostText = 128 << 20
    private var loadedStrings: [String]?
    private var loadedFormats: CellFormats?

    package convenience init(_ bytes: [UInt8], limits: PackageLimits = PackageLimits()) throws(OOXMLError) {
        try self.init(PackageReader(bytes, limits: limits))
    }

    init(_ package: PackageReader) throws(OOXMLError) {
        self.package = package
        main = try package.mainPart()
        let root = try package.element(main)
        guard root.name == "workbook" else {
            throw OOXMLError("not_a_workbook", "The file is an Office document, but no workbook.")
        }
        let relationships = try package.relationships(of: main)
        sheets = (root.first("sheets")?.all("sheet") ?? []).compactMap { element in
            let id = element.prefixed("id") ?? ""
            // Chart sheets and dialogs have no cells.
            guard let target = relationships.first(where: { $0.id == id && $0.kind == "worksheet" }),
                package.contains(target.target)
            else { return nil }
            return SheetEntry(
                name: element["name"] ?? "", isHidden: element["state"] != nil && element["state"] != "visible",
                part: target.target, relationship: id)
        }
        names = (root.first("definedNames")?.all("definedName") ?? []).map {
            NameEntry(name: $0["name"] ?? "", refersTo: $0.text, sheet: $0.integer("localSheetId"))
        }
        let flag = root.first("workbookPr")?["date1904"]
        dateSystem = flag == "1" || flag == "true" ? .year1904 : .year1900
    }

    package func sheet(named name: String) -> Int? {
        sheets.firstIndex { $0.name.lowercased() == name.lowercased() }
    }

    func part(_ kind: String) throws(OOXMLError) -> String? {
        try package.relationships(of: main).first { $0.kind == kind && package.contains($0.target) }?.target
    }

    /// The native tables of a sheet.
    package func tables(of sheet: Int) throws(OOXMLError) -> [TableEntry] {
        var tables: [TableEntry] = []
        for relationship in try package.relationships(of: sheets[sheet].part) where relationship.kind == "table" {
            guard package.contains(relationship.target) else { continue }
            let root = try package.element(relationship.target)
            guard let area = root["ref"].flatMap({ CellArea($0) }) else { continue }
            tables.append(
                TableEntry(
                    name: root["displayName"] ?? root["name"] ?? "", sheet: sheet, rows: area.rows,
                    columns: area.columns,
                    headers: (root.first("tableColumns")?.all("tableColumn") ?? []).map {
                        XString.unescaped($0["name"] ?? "")
                    },
                    hasHeaders: root["headerRowCount"] != "0", hasTotals: (root.integer("totalsRowCount") ?? 0) > 0,
                    part: relationship.target))
        }
        return tables
    }

    // MARK: What cells refer to

    func strings() throws(OOXMLError) -> [String] {
        if let loadedStrings { return loadedStrings }
        let strings = try part("sharedStrings").map { name throws(OOXMLError) in try readStrings(name) } ?? []
        loadedStrings = strings
        return strings
    }

    private func readStrings(_ name: String) throws(OOXMLError) -> [String] {
        let scanner = try package.scanner(name)
        var strings: [String] = []
        var text = ""
        var isText = false
        // Pronunciations stand beside the text and are not part of it.
        var phonetic = 0
        var total = 0
        while true {
            switch try scanner.next() {
            case .start:
                if scanner.isNamed("si") { text = "" }
                if scanner.isNamed("rPh") { phonetic += 1 }
                isText = scanner.isNamed("t") && phonetic == 0
            case .text: if isText { text += try scanner.text() }
            case .end:
                isText = false
                if scanner.isNamed("rPh") { phonetic -= 1 }
                guard scanner.isNamed("si") else { continue }
                total += text.utf8.count + 16
                guard total <= Self.mostText else {
                    throw OOXMLError("too_large", "The workbook's texts are more than can be held in memory.")
                }
                strings.append(XString.unescaped(text))
            case .done: return strings
            }
        }
    }

    func formats() throws(OOXMLError) -> CellFormats {
        if let loadedFormats { return loadedFormats }
        let root = try part("styles").map { name throws(OOXMLError) in try package.element(name) }
        let formats = CellFormats(root)
        loadedFormats = formats
        return formats
    }
}

/// Number formats of cells by the number of their style.
struct CellFormats {
    private let codes: [String]
    private let dates: [Bool]

    init(_ styles: XMLElement?) {
        var custom: [Int: String] = [:]
        for format in styles?.first("numFmts")?.children ?? [] {
            if let id = format.integer("numFmtId") { custom[id] = format["formatCode"] ?? "General" }
        }
        codes = (styles?.first("cellXfs")?.children ?? []).map { xf in
            let id = xf.integer("numFmtId") ?? 0
            return custom[id] ?? Self.builtIn[id] ?? "General"
        }
        // A format that cannot be read is no date.
        let known = Dictionary(Set(codes).map { ($0, (try? NumberFormat($0))?.isDate ?? false) }) { first, _ in first }
        dates = codes.map { known[$0] ?? false }
    }

    func code(_ style: Int) -> String { codes.indices.contains(style) ? codes[style] : "General" }
    @inline(__always) func isDate(_ style: Int) -> Bool { dates.indices.contains(style) && dates[style] }

    /// ECMA-376 part 1, section 18.8.30; 27 to 36 and 50 to 58 are dates in East Asia.
    private static let builtIn: [Int: String] = {
        var codes = [
            1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
            13: "# ??/??", 14: "mm-dd-yy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
            19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "m/d/yy h:mm", 37: "#,##0 ;(#,##0)",
            38: "#,##0 ;[Red](#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;[Red](#,##0.00)", 45: "mm:ss",
            46: "[h]:mm:ss", 47: "mmss.0", 48: "##0.0E+0", 49: "@",
        ]
        for id in Array(27...36) + Array(50...58) { codes[id] = "yyyy-mm-dd" }
        return codes
    }()
}
