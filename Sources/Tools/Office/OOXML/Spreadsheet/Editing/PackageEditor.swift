/// Changes parts of a package and copies all others as they are packed.
final class PackageEditor {
    let package: PackageReader
    private var changed: [String: [UInt8]] = [:]
    private var added: [String] = []
    private var removed: Set<String> = []

    init(_ package: PackageReader) { self.package = package }

    /// The part as it stands now.
    func bytes(_ part: String) throws(OOXMLError) -> [UInt8] {
        if let bytes = changed[part.lowercased()] { return bytes }
        guard !removed.contains(part.lowercased()) else {
            throw OOXMLError("part_missing", "The file lacks its part '\(part)'.")
        }
        let bytes = try package.bytes(part)
        guard bytes.first != 0xFF, bytes.first != 0xFE, bytes.first != 0, bytes.dropFirst().first != 0 else {
            throw OOXMLError("xml_encoding", "'\(part)' is written in UTF-16 and cannot be edited.")
        }
        return bytes
    }

    func contains(_ part: String) -> Bool {
        !removed.contains(part.lowercased()) && (changed[part.lowercased()] != nil || package.contains(part))
    }

    func set(_ part: String, _ bytes: [UInt8]) {
        if !package.contains(part), changed[part.lowercased()] == nil { added.append(part) }
        changed[part.lowercased()] = bytes
        removed.remove(part.lowercased())
    }

    var isChanged: Bool { !changed.isEmpty || !removed.isEmpty }

    /// Parts that are related to `source` as the package stands now.
    func relationships(of source: String) throws(OOXMLError) -> [OfficePackage.Relationship] {
        let name = "/" + OfficePackage.relationshipsName(source)
        guard contains(name) else { return [] }
        return try XMLElement(parsing: bytes(name)).all("Relationship").map { element in
            let isExternal = element["TargetMode"] == "External"
            let target = element["Target"] ?? ""
            return OfficePackage.Relationship(
                id: element["Id"] ?? "", type: element["Type"] ?? "",
                target: isExternal ? target : PartName.resolve(target, from: source), isExternal: isExternal)
        }
    }

    /// Adds a part with its content type, related to `source`; returns the relationship's id.
    func add(_ part: String, type: String, _ bytes: [UInt8], relatedTo source: String, as kind: String)
        throws(OOXMLError)
        -> String
    {
        set(part, bytes)
        try change("/[Content_Types].xml") { scanner, patch in
            if scanner.isNamed("Types") {
                patch.insert("<Override PartName=\"\(part)\" ContentType=\"\(type)\"/>", at: scanner.range.upperBound)
            }
        }
        let ids = Set(try relationships(of: source).map(\.id))
        var number = ids.count + 1
        while ids.contains("rId\(number)") { number += 1 }
        let name = "/" + OfficePackage.relationshipsName(source)
        let text = "<Relationship Id=\"rId\(number)\" Type=\"\(kind)\" Target=\"\(part)\"/>"
        try change(name) { scanner, patch in
            if scanner.isNamed("Relationships") { patch.insert(text, at: scanner.range.upperBound) }
        }
        return "rId\(number)"
    }

    /// Takes a part away with its own relationships, and what leads to it.
    func remove(_ part: String, from source: String) throws(OOXMLError) {
        let own = "/" + OfficePackage.relationshipsName(part)
        for name in [part, own] where contains(name) {
            removed.insert(name.lowercased())
            changed[name.lowercased()] = nil
            added.removeAll { $0.lowercased() == name.lowercased() }
        }
        try change("/[Content_Types].xml") { (scanner, patch) throws(OOXMLError) in
            if scanner.isNamed("Override"), try scanner.value("PartName")?.lowercased() == part.lowercased() {
                try Self.drop(scanner, &patch)
            }
        }
        try change("/" + OfficePackage.relationshipsName(source)) { (scanner, patch) throws(OOXMLError) in
            guard scanner.isNamed("Relationship"), let target = try scanner.value("Target"),
                try scanner.value("TargetMode") != "External"
            else { return }
            if PartName.resolve(target, from: source).lowercased() == part.lowercased() {
                try Self.drop(scanner, &patch)
            }
        }
    }

    /// Takes parts away that nothing leads to any more.
    func removeUnreachable(from sources: [String]) throws(OOXMLError) {
        var reached: Set<String> = []
        var queue = ["/"]
        while let source = queue.popLast() {
            for relationship in try relationships(of: source) where !relationship.isExternal {
                if contains(relationship.target), reached.insert(relationship.target.lowercased()).inserted {
                    queue.append(relationship.target)
                }
            }
        }
        for source in sources where !reached.contains(source.lowercased()) {
            let targets = try relationships(of: source).filter { !$0.isExternal }.map(\.target)
            try remove(source, from: "/")
            try removeUnreachable(from: targets.filter { contains($0) })
        }
    }

    /// Takes the element away whose start the scanner has just read.
    static func drop(_ scanner: XMLScanner, _ patch: inout XMLPatch) throws(OOXMLError) {
        let start = scanner.range.lowerBound
        let depth = scanner.depth
        while case let event = try scanner.next(), event != .done {
            if event == .end, scanner.depth < depth { break }
        }
        patch.replace(start..<scanner.range.upperBound, "")
    }

    /// Goes through the start tags of a part and changes it.
    func change(
        _ part: String, _ body: (XMLScanner, inout XMLPatch) throws(OOXMLError) -> Void
    ) throws(OOXMLError) {
        let bytes = try self.bytes(part)
        let scanner = try XMLScanner(bytes)
        var patch = XMLPatch(bytes)
        while case let event = try scanner.next(), event != .done {
            if event == .start { try body(scanner, &patch) }
        }
        if !patch.isEmpty { set(part, patch.result) }
    }

    /// The package as it stands now.
    func archive() throws(OOXMLError) -> [UInt8] {
        let output = ZipOutput(to: .memory)
        for (index, entry) in package.archive.entries.enumerated() {
            let part = package.names[index].lowercased()
            if removed.contains(part) { continue }
            if let bytes = changed[part] {
                try output.add(entry.name, bytes)
            } else if entry.method == 0 || entry.method == 8 {
                try output.add(
                    packed: package.archive.packed(index), name: entry.name, method: entry.method, checksum: entry.crc,
                    size: entry.size)
            } else {
                try output.add(entry.name, package.archive.bytes(index))
            }
        }
        for part in added {
            if let bytes = changed[part.lowercased()] { try output.add(String(part.dropFirst()), bytes) }
        }
        return try output.finish()
    }
}
