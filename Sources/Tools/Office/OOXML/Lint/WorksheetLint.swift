import DocumentModel

extension OfficeLint {
    /// Returns how many cells use shared strings.
    mutating func checkWorksheet(_ part: String, _ context: inout WorkbookContext) throws(OOXMLError) -> Int {
        var walk = WorksheetWalk(part: part)
        let scanner = try package.scanner(part)
        var depth = 0
        while case let event = try scanner.next(), event != .done {
            switch event {
            case .start:
                depth += 1
                if depth == 2 { checkWorksheetOrder(scanner.name, &walk.order, part) }
                try walk.start(scanner, depth, context, &self)
            case .text: try walk.text(scanner)
            case .end:
                depth -= 1
                try walk.end(scanner, context, &self)
            case .done: break
            }
        }
        walk.finish(&self)
        try checkTables(part, walk, &context)
        return walk.sharedUses
    }

    private mutating func checkTables(
        _ sheet: String, _ walk: WorksheetWalk, _ context: inout WorkbookContext
    ) throws(OOXMLError) {
        let tables = try package.relationships(of: sheet).filter { $0.kind == "table" }.map(\.target)
        require(
            tables.count == walk.tableParts, sheet, "table_parts",
            "The sheet names \(walk.tableParts) tables and is related to \(tables.count).")
        var areas: [CellArea] = walk.filter.map { [$0] } ?? []
        for part in tables {
            guard let root = trees[part] else { continue }
            guard let area = root["ref"].flatMap({ CellArea($0) }) else {
                report(part, "reference", "'\(root["ref"] ?? "")' is not a range.")
                continue
            }
            let columns = root.first("tableColumns")?.all("tableColumn") ?? []
            require(
                columns.count == area.columns.count, part, "table_columns",
                "The table has \(columns.count) columns; its range has \(area.columns.count).")
            let names = columns.map { ($0["name"] ?? "").lowercased() }
            require(Set(names).count == names.count, part, "table_columns", "Two columns have the same name.")
            require(
                Set(columns.map { $0["id"] ?? "" }).count == columns.count, part, "table_columns",
                "Two columns have the same id.")
            let name = root["displayName"] ?? ""
            require(DefinedNameText.isLegal(name), part, "table_name", "'\(name)' cannot name a table.")
            require(
                context.tableNames.insert(name.lowercased()).inserted, part, "table_name", "'\(name)' is there twice.")
            require(
                context.tableIDs.insert(root.integer("id") ?? 0).inserted, part, "table_id", "Two tables have one id.")
            require(!areas.contains { $0.overlaps(area) }, part, "table_overlap", "The table lies on another.")
            require(!walk.merges.contains { $0.overlaps(area) }, part, "table_overlap", "The table has merged cells.")
            areas.append(area)
            if root.integer("headerRowCount") ?? 1 > 0 { checkHeaders(part, columns, area, walk) }
        }
    }

    /// Excel repairs a table whose header cells say something else than its columns.
    private mutating func checkHeaders(_ part: String, _ columns: [XMLElement], _ area: CellArea, _ walk: WorksheetWalk)
    {
        for (offset, column) in columns.enumerated() {
            guard let text = walk.inlineTexts[area.rows.lowerBound]?[area.columns.lowerBound + offset] else { continue }
            let name = (column["name"] ?? "").replacing("_x000a_", with: "\n").replacing("_x000A_", with: "\n")
            require(
                text == name, part, "table_header", "The column '\(name)' has the header cell '\(text)'.")
        }
    }
}
