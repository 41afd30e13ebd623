/// A presentation that is being edited: the list of its slides, and its slides themselves.
struct DeckPackage {
    var package: PackageEdit
    /// `/ppt/presentation.xml`.
    let main: String

    struct Entry {
        /// Of the presentation's list, and the relationship.
        var id: String
        var relation: String
        var part: String
    }

    /// Throws `deck_invalid` for a package that is no presentation.
    init(_ bytes: [UInt8]) throws(OOXMLError) {
        package = try PackageEdit(bytes)
        main = try package.reader.mainPart()
        guard try XMLElement(parsing: package.bytes(main)).name == "presentation" else {
            throw OOXMLError("deck_invalid", "The file is an Office document, but no presentation.")
        }
    }

    /// The slides in their order.
    func slides() throws(OOXMLError) -> [Entry] {
        let root = try XMLElement(parsing: package.bytes(main))
        let targets = try package.relationships(of: main)
        return (root.first("sldIdLst")?.all("sldId") ?? []).compactMap { element in
            guard let id = element["id"], let relation = element.prefixed("id"),
                let target = targets.first(where: { $0.id == relation })?.target, package.contains(target)
            else { return nil }
            return Entry(id: id, relation: relation, part: target)
        }
    }

    /// The slide of a number from 1; throws `slide_missing`.
    func slide(_ number: Int) throws(OOXMLError) -> Entry {
        let all = try slides()
        guard all.indices.contains(number - 1) else {
            throw OOXMLError("slide_missing", "There is no slide \(number); the deck has \(all.count).")
        }
        return all[number - 1]
    }

    mutating func edit(_ part: String, _ body: (inout XMLOutline) throws(OOXMLError) -> Void) throws(OOXMLError) {
        var outline = try XMLOutline(package.bytes(part))
        try body(&outline)
        if outline.isChanged { package.replace(part, outline.edited) }
    }

    // MARK: - The list

    /// Puts a slide part into the list, before the slide that has `position` now (from 1); at the end beyond that.
    mutating func list(_ part: String, at position: Int) throws(OOXMLError) {
        let relation = try package.relate(main, to: part, type: OfficeType.relationships + "/slide")
        try edit(main) { (outline) throws(OOXMLError) in
            let ids = outline.all("sldId").filter { outline.nodes[$0].prefixed("id") != nil }
            // Slide ids start at 256 (ST_SlideId).
            let next = (ids.compactMap { outline.nodes[$0]["id"].flatMap { Int($0) } }.max() ?? 255) + 1
            let prefix = outline.nodes[0].prefix.isEmpty ? "" : outline.nodes[0].prefix + ":"
            let space = Self.relationshipPrefix(outline)
            let entry = Array(
                "<\(prefix)sldId \(space.declaration)id=\"\(next)\" \(space.prefix):id=\"\(relation)\"/>".utf8)
            if ids.indices.contains(position - 1) {
                outline.insert(entry, before: ids[position - 1])
            } else if let list = outline.first("sldIdLst") {
                outline.append(entry, to: list)
            } else {
                let whole = Array("<\(prefix)sldIdLst>".utf8) + entry + Array("</\(prefix)sldIdLst>".utf8)
                let before = ["sldSz", "notesSz"].compactMap { outline.first($0) }.min()
                guard let before else { throw OOXMLError("deck_invalid", "The presentation names no size of slides.") }
                outline.insert(whole, before: before)
            }
        }
    }

    /// The prefix of relationships, and what declares it where the root does not.
    private static func relationshipPrefix(_ outline: XMLOutline) -> (prefix: String, declaration: String) {
        let declared = outline.nodes[0].attributes.first {
            $0.prefix == "xmlns" && $0.value.hasSuffix("/officeDocument/2006/relationships")
        }
        if let declared { return (declared.name, "") }
        return ("r", "xmlns:r=\"\(OfficeType.relationships)\" ")
    }

    /// Takes a slide out, with every part that only it needs.
    mutating func remove(_ number: Int) throws(OOXMLError) {
        let entry = try slide(number)
        let before = try package.reached()
        try unlist(entry)
        try package.unrelate(main, entry.relation)
        let after = try package.reached()
        for part in before.subtracting(after) { package.remove(part) }
    }

    private mutating func unlist(_ entry: Entry) throws(OOXMLError) {
        try edit(main) { (outline) throws(OOXMLError) in
            for index in outline.nodes.indices {
                let node = outline.nodes[index]
                // The list itself, sections (by id) and custom shows (by relationship).
                let isListed = node.name == "sldId" && node["id"] == entry.id
                let isShown = node.name == "sld" && node.prefixed("id") == entry.relation
                if isListed || isShown { outline.remove(index) }
            }
        }
    }

    /// Moves a slide to the place that `position` has now.
    mutating func move(_ number: Int, to position: Int) throws(OOXMLError) {
        let count = try slides().count
        let entry = try slide(number)
        guard (1...count).contains(position) else {
            throw OOXMLError("slide_missing", "There is no place \(position); the deck has \(count) slides.")
        }
        guard position != number else { return }
        try edit(main) { (outline) throws(OOXMLError) in
            guard let list = outline.first("sldIdLst") else { return }
            let ids = outline.children("sldId", of: list)
            guard let own = ids.first(where: { outline.nodes[$0]["id"] == entry.id }), ids.count == count else {
                throw OOXMLError("deck_invalid", "The presentation lists slides that it does not have.")
            }
            let content = outline.raw(outline.nodes[own].whole)
            outline.remove(own)
            if position > number, position == count {
                outline.append(content, to: list)
            } else {
                outline.insert(content, before: ids[position > number ? position : position - 1])
            }
        }
    }

    func archive() throws(OOXMLError) -> [UInt8] { try package.archive() }
}
