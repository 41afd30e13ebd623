import DocumentModel

/// What all sheets of a workbook must agree with.
struct WorkbookContext {
    var strings: Int
    var cellFormats: Int
    var differentialFormats: Int
    /// `id` and lower-case display name of the tables that were seen, over all sheets.
    var tableIDs: Set<Int> = []
    var tableNames: Set<String> = []
}

extension OfficeLint {
    mutating func checkWorkbook(_ part: String, _ root: XMLElement) {
        let sheets = root.first("sheets")?.all("sheet") ?? []
        require(!sheets.isEmpty, part, "sheet_missing", "The workbook has no sheet.")
        checkNames(of: sheets, part)
        let defined = checkDefinedNames(root, sheets.count, part)
        var relationships: [PackageReader.Relationship] = []
        attempt(part) { lint throws(OOXMLError) in relationships = try lint.package.relationships(of: part) }
        func target(_ kind: String) -> String? {
            relationships.first { $0.kind == kind && package.contains($0.target) }?.target
        }
        let styles = target("styles").flatMap { trees[$0] }
        if let styles, let name = target("styles") { checkStyles(styles, name) }
        var context = WorkbookContext(
            strings: 0, cellFormats: styles?.first("cellXfs")?.children.count ?? 1,
            differentialFormats: styles?.first("dxfs")?.children.count ?? 0, tableNames: defined)
        if let name = target("sharedStrings") {
            attempt(name) { lint throws(OOXMLError) in context.strings = try lint.checkSharedStrings(name) }
        }
        var uses = 0
        for relationship in relationships where relationship.kind == "worksheet" {
            attempt(relationship.target) { lint throws(OOXMLError) in
                uses += try lint.checkWorksheet(relationship.target, &context)
            }
        }
        checkSelection(root, sheets.count, part)
        if let name = target("sharedStrings"), let count = sharedCount[name], count != uses {
            report(name, "shared_strings_count", "It says that \(count) cells use it; \(uses) do.")
        }
    }

    private mutating func checkNames(of sheets: [XMLElement], _ part: String) {
        var names: Set<String> = []
        var ids: Set<Int> = []
        for sheet in sheets {
            let name = sheet["name"] ?? ""
            let isLegal =
                (1...DocumentLimits.sheetNameCharacters).contains(name.utf16.count)
                && !name.contains { "[]:*?/\\".contains($0) } && !name.hasPrefix("'") && !name.hasSuffix("'")
                && name.lowercased() != "history"
            require(isLegal, part, "sheet_name", "'\(name)' cannot name a sheet.")
            require(names.insert(name.lowercased()).inserted, part, "sheet_name", "Two sheets are named '\(name)'.")
            let id = sheet.integer("sheetId") ?? 0
            require(
                ids.insert(id).inserted && (1...65_534).contains(id), part, "sheet_id", "The sheet id \(id) is wrong.")
            require(sheet.prefixed("id") != nil, part, "sheet_id", "The sheet '\(name)' names no part.")
        }
        require(
            sheets.contains { ($0["state"] ?? "visible") == "visible" } || sheets.isEmpty, part, "sheet_hidden",
            "No sheet is visible.")
    }

    /// The names that tables may not have.
    private mutating func checkDefinedNames(_ root: XMLElement, _ sheets: Int, _ part: String) -> Set<String> {
        var seen: Set<String> = []
        var global: Set<String> = []
        for element in root.first("definedNames")?.all("definedName") ?? [] {
            let name = element["name"] ?? ""
            let scope = element.integer("localSheetId")
            if let scope {
                require((0..<sheets).contains(scope), part, "defined_name", "'\(name)' belongs to no sheet.")
            } else {
                global.insert(name.lowercased())
            }
            require(
                seen.insert("\(scope ?? -1)!\(name.lowercased())").inserted, part, "defined_name",
                "'\(name)' is defined twice.")
            require(
                DefinedNameText.isLegal(name), part, "defined_name", "'\(name)' cannot be a name.")
            require(
                !element.text.isEmpty && !element.text.hasPrefix("="), part, "defined_name",
                "'\(name)' means nothing, or begins with an equals sign.")
        }
        return global
    }

    private mutating func checkSelection(_ root: XMLElement, _ sheets: Int, _ part: String) {
        for view in root.first("bookViews")?.all("workbookView") ?? [] {
            let active = view.integer("activeTab") ?? 0
            require(
                (0..<max(1, sheets)).contains(active), part, "active_tab", "The active sheet \(active) does not exist.")
        }
    }

    // MARK: Shared strings and styles

    /// How many there are.
    private mutating func checkSharedStrings(_ part: String) throws(OOXMLError) -> Int {
        let scanner = try package.scanner(part)
        var count = 0
        var said: Int?
        while case let event = try scanner.next(), event != .done {
            guard event == .start else { continue }
            if scanner.isNamed("sst") {
                said = scanner.integer("uniqueCount")
                sharedCount[part] = scanner.integer("count")
            } else if scanner.isNamed("si") {
                count += 1
            }
        }
        if let said, said != count {
            report(part, "shared_strings_count", "It says that it has \(said) strings; it has \(count).")
        }
        return count
    }

    private mutating func checkStyles(_ root: XMLElement, _ part: String) {
        for name in ["numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs"] {
            guard let list = root.first(name), let count = list.integer("count") else { continue }
            let there = list.children.filter { $0.name != "AlternateContent" }.count
            require(
                count == there, part, "style_count", "<\(name)> says that it has \(count) entries; it has \(there).")
        }
        func size(_ name: String) -> Int { root.first(name)?.children.count ?? 0 }
        let parents = size("cellStyleXfs")
        var formats: Set<Int> = []
        for format in root.first("numFmts")?.children ?? [] {
            let id = format.integer("numFmtId") ?? -1
            require(
                formats.insert(id).inserted && id >= 0, part, "style_reference",
                "The number format \(id) is there twice.")
        }
        for xf in (root.first("cellXfs")?.children ?? []) + (root.first("cellStyleXfs")?.children ?? []) {
            for (key, list) in [("fontId", "fonts"), ("fillId", "fills"), ("borderId", "borders")] {
                let index = xf.integer(key) ?? 0
                require(
                    (0..<max(1, size(list))).contains(index), part, "style_reference", "There is no \(key) \(index).")
            }
            let format = xf.integer("numFmtId") ?? 0
            require(
                format < 164 || formats.contains(format), part, "style_reference",
                "There is no number format \(format).")
            if let parent = xf.integer("xfId") {
                require(
                    (0..<max(1, parents)).contains(parent), part, "style_reference", "There is no cell style \(parent)."
                )
            }
        }
    }
}

/// What may be a defined name (ECMA-376 part 1, section 18.2.5, and what Excel accepts).
enum DefinedNameText {
    static func isLegal(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, name.utf16.count <= 255 else { return false }
        if name.hasPrefix("_xlnm.") { return true }
        guard first == "_" || first == "\\" || first.properties.isAlphabetic else { return false }
        let isWord = name.unicodeScalars.allSatisfy {
            $0 == "_" || $0 == "." || $0 == "\\" || $0 == "?" || $0.properties.isAlphabetic
                || $0.properties.numericType != nil
        }
        return isWord && CellReference.parse(name) == nil && !["r", "c"].contains(name.lowercased())
    }
}
