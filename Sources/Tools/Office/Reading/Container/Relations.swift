/// The relationships of a part (ECMA-376 part 2, section 6.5).
final class Relations: XMLHandler {
    struct Relation {
        var type: String
        /// A part name, or a URI where it is external.
        var target: String
        var isExternal: Bool
    }

    private(set) var byID: [String: Relation] = [:]
    private let base: String
    var isDone: Bool { byID.count > 20_000 }

    private init(base: String) { self.base = base }

    /// Of a part, `""` for those of the package. Damaged ones are none.
    static func of(_ part: String, in archive: Archive) throws(ReadingError) -> Relations {
        let cut = part.lastIndex(of: "/")
        let folder = cut.map { String(part[...$0]) } ?? ""
        let name = cut.map { String(part[part.index(after: $0)...]) } ?? part
        let relations = Relations(base: folder)
        do {
            _ = try XMLStream.read("\(folder)_rels/\(name).rels", of: archive, to: relations)
        } catch  where error.code == .damaged {}
        return relations
    }

    /// The first part of a kind: the last step of its type, the same in both forms of the standard.
    func part(_ kind: String) -> String? { parts(kind).first }

    func parts(_ kind: String) -> [String] {
        byID.sorted { ($0.key.count, $0.key) < ($1.key.count, $1.key) }.map(\.value)
            .filter { !$0.isExternal && $0.type.hasSuffix("/" + kind) }.map(\.target)
    }

    func target(_ id: String?) -> String? { id.flatMap { byID[$0]?.target } }

    func start(_ name: String, _ attributes: [String: String]) {
        guard name == "rel:Relationship", let id = attributes["Id"], let target = attributes["Target"] else { return }
        let isExternal = attributes["TargetMode"] == "External"
        byID[id] = Relation(
            type: attributes["Type"] ?? "", target: isExternal ? target : resolve(target), isExternal: isExternal)
    }

    func end(_ name: String) {}
    func text(_ text: String) {}

    private func resolve(_ target: String) -> String {
        if target.hasPrefix("/") { return String(target.dropFirst()) }
        var steps = base.split(separator: "/")
        for step in target.split(separator: "/") {
            if step == ".." { _ = steps.popLast() } else if step != "." { steps.append(step) }
        }
        return steps.joined(separator: "/")
    }
}

/// A document's properties: Dublin Core, and the application's.
final class PropertiesPart: XMLHandler {
    var metadata = DocumentMetadata()
    private var current = ""
    private var value = ""
    let isDone = false

    static func read(_ archive: Archive, _ package: Relations) throws(ReadingError) -> DocumentMetadata {
        let part = PropertiesPart()
        for kind in ["core-properties", "extended-properties", "coreProperties", "extendedProperties"] {
            for name in package.parts(kind).prefix(1) {
                do {
                    _ = try XMLStream.read(name, of: archive, to: part)
                } catch  where error.code == .damaged {}
            }
        }
        return part.metadata
    }

    func start(_ name: String, _ attributes: [String: String]) {
        current = name
        value = ""
    }

    func text(_ text: String) { if value.utf8.count < 4_000 { value += text } }

    func end(_ name: String) {
        guard name == current else { return }
        current = ""
        let text = value.trimmed
        guard !text.isEmpty else { return }
        switch name {
        case "dc:title": metadata.title = text
        case "dc:creator", "meta:initial-creator": metadata.author = text
        case "dc:subject": metadata.subject = text
        case "cp:keywords", "meta:keyword": metadata.keywords = metadata.keywords.map { "\($0), \(text)" } ?? text
        case "dc:language": metadata.language = text
        case "dcterms:created", "meta:creation-date": metadata.created = text
        case "dcterms:modified", "dc:date": metadata.modified = text
        case "ep:Application", "meta:generator": metadata.application = text
        case "ep:Pages": metadata.pages = Int(text)
        default: break
        }
    }
}
