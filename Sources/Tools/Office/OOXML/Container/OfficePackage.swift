/// An Open Packaging Conventions container (ECMA-376 part 2): parts, their content types and relationships.
///
/// The same parts give the same bytes: entries are sorted behind `[Content_Types].xml` and carry no real time.
package struct OfficePackage: Sendable {
    package struct Relationship: Sendable, Hashable {
        package var id: String
        package var type: String
        /// Absolute part name, or a URI where `isExternal`.
        package var target: String
        package var isExternal: Bool
    }

    private struct Part: Sendable {
        var contentType: String
        var bytes: [UInt8]
    }

    private var parts: [String: Part] = [:]
    private var declared: [String: String] = [:]
    private var relationships: [String: [Relationship]] = [:]
    /// Content types by extension, for parts of which there may be many.
    private static let defaults = [
        "rels": "application/vnd.openxmlformats-package.relationships+xml", "xml": "application/xml",
        "png": "image/png", "jpeg": "image/jpeg", "vml": OfficeType.vmlPart,
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ]

    package init() {}

    /// Adds a part under an absolute name such as `/ppt/slides/slide1.xml`.
    package mutating func add(_ name: String, type contentType: String, _ bytes: [UInt8]) {
        parts[name] = Part(contentType: contentType, bytes: bytes)
    }

    /// Says that there is a part whose bytes are written elsewhere.
    mutating func declare(_ name: String, type contentType: String) { declared[name] = contentType }

    /// Relates `source` (`/` is the package itself) to a part or, if `external`, to a URI. Returns the relationship's
    /// id; the same relation twice gives the same id.
    package mutating func relate(_ source: String, to target: String, type: String, external: Bool = false) -> String {
        let existing = relationships[source, default: []]
        let found = existing.first { $0.target == target && $0.type == type && $0.isExternal == external }
        if let found { return found.id }
        let id = "rId\(existing.count + 1)"
        relationships[source, default: []].append(
            Relationship(id: id, type: type, target: target, isExternal: external))
        return id
    }

    /// Names and bytes in the order in which they are stored.
    package var entries: [(name: String, bytes: [UInt8])] {
        var entries = [("[Content_Types].xml", contentTypes)]
        var rest: [(String, [UInt8])] = parts.map { (String($0.key.dropFirst()), $0.value.bytes) }
        for (source, list) in relationships {
            rest.append((Self.relationshipsName(source), Self.xml(list, of: source)))
        }
        rest.sort { $0.0 < $1.0 }
        entries += rest
        return entries
    }

    /// The package as a ZIP file.
    package func archive() throws(OOXMLError) -> [UInt8] {
        let output = ZipOutput(to: .memory)
        for entry in entries { try output.add(entry.name, entry.bytes) }
        return try output.finish()
    }

    private var contentTypes: [UInt8] {
        var xml = XMLBuffer()
        xml.element("Types", ["xmlns": "http://schemas.openxmlformats.org/package/2006/content-types"]) { xml in
            for (ending, type) in Self.defaults.sorted(by: { $0.key < $1.key }) {
                xml.element("Default", ["Extension": ending, "ContentType": type])
            }
            let types = declared.merging(parts.mapValues(\.contentType)) { $1 }
            for (name, type) in types.sorted(by: { $0.key < $1.key }) {
                let ending = name.split(separator: ".").last.map(String.init) ?? ""
                guard Self.defaults[ending] != type else { continue }
                xml.element("Override", ["PartName": name, "ContentType": type])
            }
        }
        return xml.bytes
    }

    static func relationshipsName(_ source: String) -> String {
        let cut = source.lastIndex(of: "/") ?? source.startIndex
        return source[...cut].dropFirst() + "_rels/" + source[source.index(after: cut)...] + ".rels"
    }

    private static func xml(_ list: [Relationship], of source: String) -> [UInt8] {
        var xml = XMLBuffer()
        let space = "http://schemas.openxmlformats.org/package/2006/relationships"
        xml.element("Relationships", ["xmlns": space]) { xml in
            for relationship in list {
                let target =
                    relationship.isExternal ? relationship.target : relative(relationship.target, from: source)
                xml.element(
                    "Relationship",
                    [
                        "Id": relationship.id, "Type": relationship.type, "Target": target,
                        "TargetMode": relationship.isExternal ? "External" : nil,
                    ])
            }
        }
        return xml.bytes
    }

    /// Relative references are what every reader understands.
    private static func relative(_ target: String, from source: String) -> String {
        var here = source.split(separator: "/").dropLast()
        var there = target.split(separator: "/")[...]
        while let first = here.first, first == there.first, there.count > 1 {
            here.removeFirst()
            there.removeFirst()
        }
        return String(repeating: "../", count: here.count) + there.joined(separator: "/")
    }
}

/// Relationship and content types used by more than one kind of document.
enum OfficeType {
    static let relationships = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    static let officeDocument = relationships + "/officeDocument"
    static let theme = relationships + "/theme"
    static let chart = relationships + "/chart"
    static let image = relationships + "/image"
    static let hyperlink = relationships + "/hyperlink"
    static let embedded = relationships + "/package"
    static let extendedProperties = relationships + "/extended-properties"
    static let coreProperties = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
    static let drawingSpace = "http://schemas.openxmlformats.org/drawingml/2006/main"
    static let chartSpace = "http://schemas.openxmlformats.org/drawingml/2006/chart"
    private static let open = "application/vnd.openxmlformats-officedocument."
    static let themePart = open + "theme+xml"
    static let chartPart = open + "drawingml.chart+xml"
    static let workbookPackage = open + "spreadsheetml.sheet"
    static func presentation(_ kind: String) -> String { "\(open)presentationml.\(kind)+xml" }
    static func spreadsheet(_ kind: String) -> String { "\(open)spreadsheetml.\(kind)+xml" }
    static let vmlPart = open + "vmlDrawing"
    static let drawingPart = open + "drawing+xml"
    static let extendedPart = open + "extended-properties+xml"
    static let corePart = "application/vnd.openxmlformats-package.core-properties+xml"
}
