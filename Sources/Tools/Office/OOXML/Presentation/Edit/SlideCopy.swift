/// Copies slides with all that they need: charts and their workbooks, pictures, notes, embedded files.
struct SlideCopy {
    let source: PackageEdit
    /// The part of the target that stands for one of the source; `nil`: it is copied.
    let layout: (String) -> String?
    /// Where notes find their master, if the target has one.
    let notesMaster: String?
    private var copied: [String: String] = [:]

    init(from source: PackageEdit, notesMaster: String?, layout: @escaping (String) -> String?) {
        self.source = source
        self.notesMaster = notesMaster
        self.layout = layout
    }

    /// What belongs to the whole of a presentation and not to one slide.
    private static let shared: Set<String> = ["slideMaster", "comments", "commentAuthors"]

    mutating func copy(_ slide: String, into target: inout PackageEdit) throws(OOXMLError) -> String {
        copied = [:]
        return try copy(slide, into: &target, depth: 0)
    }

    /// Parts lead to parts: deeper than this only a circle goes.
    private static let deepest = 16

    private mutating func copy(_ part: String, into target: inout PackageEdit, depth: Int) throws(OOXMLError) -> String
    {
        if let known = copied[part] { return known }
        let bytes = try source.bytes(part)
        guard let type = source.contentType(of: part), depth < Self.deepest else {
            throw OOXMLError("deck_invalid", "'\(part)' has no content type or leads in circles.")
        }
        // The same picture need not be there twice.
        if part.contains("/media/"), target.contains(part), try target.bytes(part) == bytes {
            copied[part] = part
            return part
        }
        let name = target.freeName(like: part)
        copied[part] = name
        target.add(name, type: type, bytes)
        var list: [OfficePackage.Relationship] = []
        for relationship in try source.relationships(of: part) {
            if let kept = try follow(relationship, of: part, into: &target, depth: depth) { list.append(kept) }
        }
        if !list.isEmpty { target.setRelationships(list, of: name) }
        return name
    }

    private mutating func follow(
        _ relationship: OfficePackage.Relationship, of part: String, into target: inout PackageEdit, depth: Int
    ) throws(OOXMLError) -> OfficePackage.Relationship? {
        var kept = relationship
        if relationship.isExternal { return kept }
        switch relationship.kind {
        case let kind where Self.shared.contains(kind): return nil
        case "slideLayout":
            guard let place = layout(relationship.target) else {
                throw OOXMLError("layout_missing", "The deck has no layout for a copied slide.")
            }
            kept.target = place
        case "notesMaster":
            guard let notesMaster else { return nil }
            kept.target = notesMaster
        case "notesSlide" where notesMaster == nil: return nil
        case "slide":
            // Notes lead back to their slide; a jump to a slide that stays behind leads to this one.
            let fallback = copied.first { $0.key.contains("/slides/") }?.value
            guard let place = copied[relationship.target] ?? fallback else { return nil }
            kept.target = place
        default:
            // What led nowhere leads nowhere still: the slide's text may name it.
            guard source.contains(relationship.target) else { return kept }
            kept.target = try copy(relationship.target, into: &target, depth: depth + 1)
        }
        return kept
    }
}

extension DeckPackage {
    /// Copies one of this deck's own slides.
    mutating func duplicate(_ number: Int, to position: Int?) throws(OOXMLError) {
        let entry = try slide(number)
        var copy = SlideCopy(from: package, notesMaster: try package.target(of: main, "notesMaster")) { $0 }
        let part = try copy.copy(entry.part, into: &package)
        try list(part, at: position ?? number + 1)
    }

    /// Copies slides of another deck to before `position`; they take this deck's layouts of the same name or kind.
    mutating func copySlides(_ numbers: [Int], of other: DeckPackage, to position: Int?) throws(OOXMLError) {
        let layouts = try Layouts(self)
        let theirs = try Layouts(other)
        let notes = try package.target(of: main, "notesMaster")
        var copy = SlideCopy(from: other.package, notesMaster: notes) { part in
            layouts.match(theirs.all.first { $0.part == part })
        }
        let last = try slides().count + 1
        var place = position ?? last
        for number in numbers {
            let entry = try other.slide(number)
            let part = try copy.copy(entry.part, into: &package)
            try list(part, at: place)
            place += 1
        }
    }
}

/// The layouts of all masters of a deck.
struct Layouts {
    struct Layout {
        var part: String
        var master: String
        var name: String
        var type: String?
    }

    private(set) var all: [Layout] = []

    init(_ deck: DeckPackage) throws(OOXMLError) {
        let root = try XMLElement(parsing: deck.package.bytes(deck.main))
        let targets = try deck.package.relationships(of: deck.main)
        for element in root.first("sldMasterIdLst")?.all("sldMasterId") ?? [] {
            guard let id = element.prefixed("id"), let master = targets.first(where: { $0.id == id })?.target,
                deck.package.contains(master)
            else { continue }
            for relationship in try deck.package.relationships(of: master) where relationship.kind == "slideLayout" {
                guard deck.package.contains(relationship.target) else { continue }
                let layout = try XMLElement(parsing: deck.package.bytes(relationship.target))
                all.append(
                    Layout(
                        part: relationship.target, master: master, name: layout.first("cSld")?["name"] ?? "",
                        type: layout["type"]))
            }
        }
    }

    /// By name, by kind, else one with a title, else any.
    func match(_ layout: Layout?) -> String? {
        let found =
            all.first { $0.name == layout?.name } ?? all.first { $0.type != nil && $0.type == layout?.type }
            ?? first("titleOnly") ?? first("obj") ?? all.first
        return found?.part
    }

    func first(_ type: String) -> Layout? { all.first { $0.type == type } }
}
