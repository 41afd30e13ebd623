/// A package that is being edited: what is not touched keeps its bytes.
struct PackageEdit {
    typealias Relationship = OfficePackage.Relationship

    let reader: PackageReader
    private var changed: [String: [UInt8]] = [:]
    private var added: [(name: String, type: String)] = []
    private var removed: Set<String> = []
    /// Content types of parts that are kept but become something else.
    private var retyped: [String: String] = [:]

    init(_ bytes: [UInt8]) throws(OOXMLError) { reader = try PackageReader(bytes) }

    // MARK: - Parts

    func contains(_ part: String) -> Bool {
        guard !removed.contains(part) else { return false }
        return changed[part] != nil || reader.contains(part)
    }

    func bytes(_ part: String) throws(OOXMLError) -> [UInt8] {
        if let bytes = changed[part] { return bytes }
        guard !removed.contains(part) else { throw OOXMLError("part_missing", "The file lacks its part '\(part)'.") }
        return try reader.bytes(part)
    }

    func contentType(of part: String) -> String? {
        retyped[part] ?? added.first { $0.name == part }?.type ?? reader.contentType(of: part)
    }

    mutating func replace(_ part: String, _ bytes: [UInt8]) { changed[part] = bytes }

    mutating func add(_ part: String, type: String, _ bytes: [UInt8]) {
        changed[part] = bytes
        removed.remove(part)
        added.removeAll { $0.name == part }
        added.append((part, type))
    }

    mutating func retype(_ part: String, _ type: String) { retyped[part] = type }

    mutating func remove(_ part: String) {
        changed[part] = nil
        added.removeAll { $0.name == part }
        if reader.contains(part) { removed.insert(part) }
        let relationships = "/" + OfficePackage.relationshipsName(part)
        changed[relationships] = nil
        if reader.contains(relationships) { removed.insert(relationships) }
    }

    /// A name that no part has: `/ppt/slides/slide7.xml` for a stem of `/ppt/slides/slide` and an ending of `xml`.
    func freeName(_ stem: String, _ ending: String) -> String {
        var number = 1
        while contains("\(stem)\(number).\(ending)") { number += 1 }
        return "\(stem)\(number).\(ending)"
    }

    /// A free name beside `part`: its digits are counted on.
    func freeName(like part: String) -> String {
        let dot = part.lastIndex(of: ".") ?? part.endIndex
        var stem = part[..<dot]
        while let last = stem.last, last.isASCII, last.isNumber { stem.removeLast() }
        return freeName(String(stem), String(part[dot...].dropFirst()))
    }

    // MARK: - Relationships

    func relationships(of source: String) throws(OOXMLError) -> [Relationship] {
        let name = "/" + OfficePackage.relationshipsName(source)
        guard changed[name] != nil else { return removed.contains(name) ? [] : try reader.relationships(of: source) }
        return try XMLElement(parsing: bytes(name)).all("Relationship").map { element in
            let isExternal = element["TargetMode"] == "External"
            let target = element["Target"] ?? ""
            return Relationship(
                id: element["Id"] ?? "", type: element["Type"] ?? "",
                target: isExternal ? target : PartName.resolve(target, from: source), isExternal: isExternal)
        }
    }

    func target(of source: String, _ kind: String) throws(OOXMLError) -> String? {
        try relationships(of: source).first { $0.kind == kind && !$0.isExternal }?.target
    }

    mutating func relate(_ source: String, to target: String, type: String, external: Bool = false)
        throws(OOXMLError) -> String
    {
        let existing = try relationships(of: source)
        let taken = Set(existing.map(\.id))
        var number = existing.count + 1
        while taken.contains("rId\(number)") { number += 1 }
        let id = "rId\(number)"
        let name = "/" + OfficePackage.relationshipsName(source)
        if contains(name) {
            var outline = try XMLOutline(bytes(name))
            guard !outline.nodes.isEmpty else { throw XMLScanner.invalid("It is empty.") }
            let prefix = outline.nodes[0].prefix
            let tag = prefix.isEmpty ? "Relationship" : "\(prefix):Relationship"
            outline.append(
                Self.relationship(tag, .init(id: id, type: type, target: target, isExternal: external)), to: 0)
            replace(name, outline.edited)
        } else {
            setRelationships([.init(id: id, type: type, target: target, isExternal: external)], of: source)
        }
        return id
    }

    private static func relationship(_ tag: String, _ relationship: Relationship) -> [UInt8] {
        XMLOutline.fragment { xml in
            xml.element(
                tag,
                [
                    "Id": relationship.id, "Type": relationship.type, "Target": relationship.target,
                    "TargetMode": relationship.isExternal ? "External" : nil,
                ])
        }
    }

    /// All relationships of a part, with the ids that its text uses.
    mutating func setRelationships(_ list: [Relationship], of source: String) {
        var xml = XMLBuffer()
        let space = "http://schemas.openxmlformats.org/package/2006/relationships"
        xml.element("Relationships", ["xmlns": space]) { xml in
            for relationship in list {
                xml.element(
                    "Relationship",
                    [
                        "Id": relationship.id, "Type": relationship.type, "Target": relationship.target,
                        "TargetMode": relationship.isExternal ? "External" : nil,
                    ])
            }
        }
        let name = "/" + OfficePackage.relationshipsName(source)
        removed.remove(name)
        replace(name, xml.bytes)
    }

    mutating func unrelate(_ source: String, _ id: String) throws(OOXMLError) {
        let name = "/" + OfficePackage.relationshipsName(source)
        var outline = try XMLOutline(bytes(name))
        for index in outline.all("Relationship") where outline.nodes[index]["Id"] == id { outline.remove(index) }
        replace(name, outline.edited)
    }

    /// Parts that can be reached from the package.
    func reached() throws(OOXMLError) -> Set<String> {
        var found: Set<String> = []
        var queue = ["/"]
        while let source = queue.popLast() {
            for relationship in try relationships(of: source)
            where !relationship.isExternal && contains(relationship.target) {
                if found.insert(relationship.target).inserted { queue.append(relationship.target) }
            }
        }
        return found
    }

    // MARK: - Writing

    /// Untouched parts keep their bytes and their order; new ones come last.
    func archive() throws(OOXMLError) -> [UInt8] {
        var entries: [(name: String, bytes: [UInt8])] = []
        for name in reader.names where !removed.contains(name) && !name.hasSuffix("/") {
            let isTypes = name.lowercased() == "/[content_types].xml"
            entries.append((String(name.dropFirst()), isTypes ? try contentTypes(name) : try bytes(name)))
        }
        // Readers expect the content types first.
        if let place = entries.firstIndex(where: { $0.name.lowercased() == "[content_types].xml" }), place > 0 {
            entries.insert(entries.remove(at: place), at: 0)
        }
        let known = Set(reader.names.map { $0.lowercased() })
        for name in changed.keys.sorted() where !known.contains(name.lowercased()) {
            entries.append((String(name.dropFirst()), changed[name] ?? []))
        }
        let output = ZipOutput(to: .memory)
        for entry in entries { try output.add(entry.name, entry.bytes) }
        return try output.finish()
    }

    private func contentTypes(_ name: String) throws(OOXMLError) -> [UInt8] {
        var outline = try XMLOutline(reader.bytes(name))
        guard !outline.nodes.isEmpty else { return outline.bytes }
        let prefix = outline.nodes[0].prefix.isEmpty ? "" : outline.nodes[0].prefix + ":"
        let gone = Set(removed.map { $0.lowercased() })
        let isNew = Set((added.map(\.name) + retyped.keys).map { $0.lowercased() })
        var hasOverride: Set<String> = []
        for index in outline.all("Override") {
            let part = outline.nodes[index]["PartName"]?.lowercased() ?? ""
            if gone.contains(part) || isNew.contains(part) { outline.remove(index) } else { hasOverride.insert(part) }
        }
        let hasDefault = outline.all("Default").contains { outline.nodes[$0]["Extension"]?.lowercased() == "rels" }
        if !hasDefault {
            let type = "application/vnd.openxmlformats-package.relationships+xml"
            outline.append(
                XMLOutline.fragment { $0.element(prefix + "Default", ["Extension": "rels", "ContentType": type]) },
                to: 0)
        }
        let all = added.map { ($0.name, $0.type) } + retyped.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        for (part, type) in all where !hasOverride.contains(part.lowercased()) {
            outline.append(
                XMLOutline.fragment { $0.element(prefix + "Override", ["PartName": part, "ContentType": type]) }, to: 0)
        }
        return outline.edited
    }
}
