extension OfficeLint {
    /// Ids of slides, and of masters and layouts, which share one space (ECMA-376 part 1, sections 19.7.13 and 19.7.10).
    mutating func checkPresentation(_ part: String, _ root: XMLElement) {
        var slides: Set<Int> = []
        for slide in root.first("sldIdLst")?.all("sldId") ?? [] {
            let id = slide.integer("id") ?? 0
            require(
                (256..<2_147_483_648).contains(id) && slides.insert(id).inserted, part, "slide_id",
                "The slide id \(id) is there twice or out of range.")
        }
        var ids: Set<Int> = []
        func take(_ element: XMLElement, _ name: String) {
            let id = element.integer("id") ?? 0
            require(
                (2_147_483_648...4_294_967_295).contains(id) && ids.insert(id).inserted, name, "layout_id",
                "The id \(id) of a master or layout is there twice or out of range.")
        }
        for master in root.first("sldMasterIdLst")?.all("sldMasterId") ?? [] { take(master, part) }
        for (name, tree) in trees.sorted(by: { $0.key < $1.key }) where tree.name == "sldMaster" {
            for layout in tree.first("sldLayoutIdLst")?.all("sldLayoutId") ?? [] { take(layout, name) }
        }
        for (name, tree) in trees.sorted(by: { $0.key < $1.key }) {
            switch tree.name {
            case "sld": checkKinds(name, ["slideLayout"])
            case "sldLayout": checkKinds(name, ["slideMaster"])
            case "sldMaster": checkKinds(name, ["theme"])
            case "notes": checkKinds(name, ["notesMaster", "slide"])
            default: continue
            }
            checkText(name, tree)
        }
    }

    private mutating func checkKinds(_ name: String, _ kinds: [String]) {
        attempt(name) { lint throws(OOXMLError) in
            let there = try lint.package.relationships(of: name).map(\.kind)
            for kind in kinds where there.filter({ $0 == kind }).count != 1 {
                lint.report(name, "part_relationship", "It must be related to exactly one \(kind).")
            }
        }
    }

    /// A text body has a paragraph, and a row of a table as many cells as the table has columns.
    private mutating func checkText(_ name: String, _ tree: XMLElement) {
        var faults: [(String, String)] = []
        tree.descend { element in
            if element.name == "txBody", element.first("p") == nil {
                faults.append(("text_body", "A text body has no paragraph."))
            }
            guard element.name == "tbl" else { return }
            let columns = element.first("tblGrid")?.all("gridCol").count ?? 0
            for row in element.all("tr") where row.all("tc").count != columns {
                faults.append(
                    ("table_columns", "A row has \(row.all("tc").count) cells; its table has \(columns) columns."))
            }
        }
        for (rule, text) in faults { report(name, rule, text) }
    }
}
