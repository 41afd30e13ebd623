import DocumentModel
import Formula

/// Sheets that come, go and are renamed.
extension WorkbookEditor {
    private func checkName(_ name: String, except old: String? = nil) throws(OOXMLError) {
        guard Sheet.legalName(name) == name else {
            throw OOXMLError("sheet_name", "'\(name)' cannot name a sheet: 1 to 31 characters, none of []:*?/\\.")
        }
        let isTaken = sheetNames.contains {
            $0.lowercased() == name.lowercased() && $0.lowercased() != old?.lowercased()
        }
        if isTaken { throw OOXMLError("sheet_name", "There is a sheet '\(name)' already.") }
    }

    private func index(of name: String) throws(OOXMLError) -> Int {
        guard let index = sheetNames.firstIndex(where: { $0.lowercased() == name.lowercased() }) else {
            throw OOXMLError("sheet_missing", "There is no sheet '\(name)'.")
        }
        return index
    }

    func addSheet(_ name: String, _ rows: [[Cell]]) throws(OOXMLError) {
        try checkName(name)
        try flush()
        var number = sheets.count + 1
        while editor.contains("/xl/worksheets/sheet\(number).xml") { number += 1 }
        let part = "/xl/worksheets/sheet\(number).xml"
        var xml = XMLBuffer()
        xml.element("worksheet", ["xmlns": SpreadsheetSpace.main]) { $0.element("sheetData") }
        let id = try editor.add(
            part, type: OfficeType.spreadsheet("worksheet"), xml.bytes, relatedTo: main,
            as: OfficeType.relationships + "/worksheet")
        let root = try XMLElement(parsing: editor.bytes(main))
        let entries = root.first("sheets")?.all("sheet") ?? []
        let sheetID = (entries.compactMap { $0.integer("sheetId") }.max() ?? 0) + 1
        let space = entries.first?.attributes.first { $0.name == "id" && !$0.prefix.isEmpty }?.prefix ?? "r"
        let bytes = try editor.bytes(main)
        let scanner = try XMLScanner(bytes)
        var patch = XMLPatch(bytes)
        while case let event = try scanner.next(), event != .done {
            guard event == .end, scanner.isNamed("sheets") else { continue }
            let prefix = scanner.prefix.isEmpty ? "" : scanner.prefix + ":"
            patch.insert(
                "<\(prefix)sheet name=\"\(StartTag.escaped(name))\" sheetId=\"\(sheetID)\" \(space):id=\"\(id)\"/>",
                at: scanner.range.lowerBound)
        }
        editor.set(main, patch.result)
        setSheets(sheets + [(name, part)])
        if !rows.isEmpty { try apply([.fill(sheet: name, cell: "A1", rows: rows)]) }
    }

    func rename(_ old: String, to name: String) throws(OOXMLError) {
        let place = try index(of: old)
        try checkName(name, except: old)
        let former = sheets[place].name
        try restructure(.renamed(sheet: former, to: name))
        try editor.change(main) { (scanner, patch) throws(OOXMLError) in
            guard scanner.isNamed("sheet"), try scanner.value("name") == former else { return }
            patch.set([("name", name)], inTag: scanner.range)
        }
        var list = sheets
        list[place].name = name
        setSheets(list)
    }

    func delete(_ name: String) throws(OOXMLError) {
        let place = try index(of: name)
        let root = try XMLElement(parsing: editor.bytes(main))
        let entries = root.first("sheets")?.all("sheet") ?? []
        let visible = entries.filter { ($0["state"] ?? "visible") == "visible" }
        let former = sheets[place]
        guard visible.contains(where: { $0["name"] != former.name }) else {
            throw OOXMLError("sheet_last", "'\(name)' is the last sheet that can be seen.")
        }
        // Chart sheets count among the sheets here, as definitions do.
        let position = entries.firstIndex { $0["name"] == former.name } ?? place
        try restructure(.deleted(sheet: former.name))
        let targets = try editor.relationships(of: former.part).filter { !$0.isExternal }.map(\.target)
        try editor.change(main) { (scanner, patch) throws(OOXMLError) in
            if scanner.isNamed("sheet"), try scanner.value("name") == former.name {
                try PackageEditor.drop(scanner, &patch)
            } else if scanner.isNamed("definedName"), let scope = scanner.integer("localSheetId") {
                if scope == position {
                    try PackageEditor.drop(scanner, &patch)
                } else if scope > position {
                    patch.set([("localSheetId", "\(scope - 1)")], inTag: scanner.range)
                }
            } else if scanner.isNamed("workbookView") {
                for key in ["activeTab", "firstSheet"] as [StaticString] {
                    guard let tab = scanner.integer(key), tab >= position, tab > 0 else { continue }
                    patch.set([("\(key)", "\(tab - 1)")], inTag: scanner.range)
                }
            }
        }
        try editor.remove(former.part, from: main)
        try editor.removeUnreachable(from: targets.filter { editor.contains($0) })
        var list = sheets
        list.remove(at: place)
        setSheets(list)
    }
}
