extension OfficeLint {
    /// What a document's text refers to must be there.
    mutating func checkDocument(_ part: String, _ root: XMLElement) {
        checkShapes(part, root)
        var relationships: [PackageReader.Relationship] = []
        attempt(part) { lint throws(OOXMLError) in relationships = try lint.package.relationships(of: part) }
        func tree(_ kind: String) -> XMLElement? {
            relationships.first { $0.kind == kind }.flatMap { trees[$0.target] }
        }
        let styles = Set((tree("styles")?.all("style") ?? []).compactMap { $0.prefixed("styleId") })
        let lists = Set((tree("numbering")?.all("num") ?? []).compactMap { $0.prefixed("numId") })
        let footnotes = Set((tree("footnotes")?.all("footnote") ?? []).compactMap { $0.prefixed("id") })
        var faults: [(String, String)] = []
        var bookmarks: Set<String> = []
        root.descend { element in
            let value = element.prefixed("val") ?? ""
            switch element.name {
            case "pStyle", "rStyle", "tblStyle":
                if !styles.contains(value) { faults.append(("style_reference", "There is no style '\(value)'.")) }
            case "numId":
                if value != "0", !lists.contains(value) {
                    faults.append(("list_reference", "There is no list \(value)."))
                }
            case "footnoteReference":
                let id = element.prefixed("id") ?? ""
                if !footnotes.contains(id) { faults.append(("footnote_reference", "There is no footnote \(id).")) }
            case "bookmarkStart":
                let id = element.prefixed("id") ?? ""
                if !bookmarks.insert(id).inserted { faults.append(("bookmark_id", "Two bookmarks have the id \(id).")) }
            case "tc":
                if element.children.last?.name != "p" {
                    faults.append(("table_cell", "A table's cell does not end with a paragraph."))
                }
            case "tbl":
                if element.first("tblGrid") == nil { faults.append(("table_columns", "A table has no grid.")) }
            case "body":
                let place = element.children.firstIndex { $0.name == "sectPr" }
                if let place, place != element.children.count - 1 {
                    faults.append(("element_order", "<sectPr> is not the last in <body>."))
                }
            default: break
            }
        }
        for (rule, text) in faults { report(part, rule, text) }
    }
}
