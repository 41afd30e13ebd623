/// Finds what makes Office offer to repair a file, beyond what its schemas say: for XLSX, PPTX and DOCX.
package struct OfficeLint {
    package struct Fault: Sendable, Hashable, CustomStringConvertible {
        /// `/xl/workbook.xml`; `/` for the package.
        package var part: String
        /// Stable, snake_case: `relationship_dangling`, `merge_overlap`.
        package var rule: String
        package var message: String

        package var description: String { "\(part): \(rule): \(message)" }
    }

    /// More faults than this help nobody.
    private static let mostFaults = 200

    let package: PackageReader
    private(set) var faults: [Fault] = []
    /// Trees of all XML parts but worksheets, shared strings and those that cannot be read.
    private(set) var trees: [String: XMLElement] = [:]
    /// How many uses each part of shared strings speaks of.
    var sharedCount: [String: Int] = [:]

    /// Everything that is wrong; empty: nothing was found.
    package static func faults(of bytes: [UInt8], limits: PackageLimits = PackageLimits()) -> [Fault] {
        do throws(OOXMLError) {
            var lint = OfficeLint(package: try PackageReader(bytes, limits: limits))
            lint.checkPackage()
            lint.checkParts()
            return lint.faults
        } catch {
            return [Fault(part: "/", rule: error.code, message: error.message)]
        }
    }

    private init(package: PackageReader) { self.package = package }

    mutating func report(_ part: String, _ rule: String, _ message: String) {
        guard faults.count < Self.mostFaults else { return }
        let fault = Fault(part: part, rule: rule, message: message)
        if !faults.contains(fault) { faults.append(fault) }
    }

    mutating func require(_ condition: Bool, _ part: String, _ rule: String, _ message: @autoclosure () -> String) {
        if !condition { report(part, rule, message()) }
    }

    /// Runs a check that reads parts; what it cannot read is a fault.
    mutating func attempt(_ part: String, _ body: (inout OfficeLint) throws(OOXMLError) -> Void) {
        do throws(OOXMLError) { try body(&self) } catch { report(part, error.code, error.message) }
    }

    // MARK: The package

    private mutating func checkPackage() {
        var seen: Set<String> = []
        for name in package.names {
            require(
                seen.insert(name.lowercased()).inserted, name, "part_duplicate", "There are two parts of this name.")
            if name.lowercased() == "/[content_types].xml" || name.hasSuffix("/") { continue }
            if package.contentType(of: name) == nil {
                report(name, "content_type_missing", "The part has no content type.")
            }
        }
        require(
            package.names.first?.lowercased() == "/[content_types].xml", "/", "content_types_first",
            "[Content_Types].xml is not the first entry.")
        for duplicate in package.contentTypes.duplicates {
            report("/[Content_Types].xml", "content_type_duplicate", "'\(duplicate)' has two content types.")
        }
        for part in package.contentTypes.overrides.keys.sorted() where !package.contains(part) {
            report("/[Content_Types].xml", "content_type_dangling", "'\(part)' does not exist.")
        }
        for name in package.names where name.hasSuffix(".rels") {
            let source = PartName.source(ofRelationships: name)
            require(
                source == "/" || package.contains(source), name, "relationship_orphan",
                "These are relationships of '\(source)', which does not exist.")
        }
        checkReach()
        attempt("/") { lint throws(OOXMLError) in _ = try lint.package.mainPart() }
    }

    /// Parts that no relationship leads to are dropped or refused.
    private mutating func checkReach() {
        var reached: Set<String> = ["/"]
        var queue = ["/"]
        while let source = queue.popLast() {
            var relationships: [PackageReader.Relationship] = []
            attempt(source) { lint throws(OOXMLError) in relationships = try lint.package.relationships(of: source) }
            check(relationships, of: source)
            for relationship in relationships where !relationship.isExternal {
                guard package.contains(relationship.target) else { continue }
                if reached.insert(relationship.target.lowercased()).inserted { queue.append(relationship.target) }
            }
        }
        for name in package.names where !name.hasSuffix(".rels") && !name.hasSuffix("/") {
            require(
                name.lowercased() == "/[content_types].xml" || reached.contains(name.lowercased()), name,
                "part_unreachable", "No relationship leads to this part.")
        }
    }

    private mutating func check(_ relationships: [PackageReader.Relationship], of source: String) {
        var ids: Set<String> = []
        for relationship in relationships {
            require(
                ids.insert(relationship.id).inserted && !relationship.id.isEmpty, source, "relationship_id",
                "The relationship id '\(relationship.id)' is empty or there twice.")
            if relationship.isExternal {
                require(
                    relationship.target.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"<>\"{}|\\^`".utf8.contains($0) },
                    source, "relationship_uri", "'\(relationship.target)' is no URI.")
            } else if relationship.target != "/NULL" {
                require(
                    package.contains(relationship.target), source, "relationship_dangling",
                    "\(relationship.id) leads to '\(relationship.target)', which does not exist.")
                check(typeOf: relationship, source)
            }
        }
    }

    private mutating func check(typeOf relationship: PackageReader.Relationship, _ source: String) {
        guard let type = package.contentType(of: relationship.target),
            let wanted = Self.types[relationship.kind]
        else { return }
        require(
            wanted.contains { type.hasSuffix($0) }, relationship.target, "content_type_wrong",
            "A part related as '\(relationship.kind)' has the content type '\(type)'.")
    }

    /// Endings of content types by kind of relationship.
    private static let types: [String: [String]] = [
        "worksheet": [".worksheet+xml"], "sharedStrings": [".sharedStrings+xml"], "styles": [".styles+xml"],
        "theme": [".theme+xml"], "table": [".table+xml"], "drawing": [".drawing+xml"], "chart": [".chart+xml"],
        "comments": [".comments+xml"], "slide": [".slide+xml"], "slideLayout": [".slideLayout+xml"],
        "slideMaster": [".slideMaster+xml"], "notesSlide": [".notesSlide+xml"], "notesMaster": [".notesMaster+xml"],
        "numbering": [".numbering+xml"], "footnotes": [".footnotes+xml"], "header": [".header+xml"],
        "footer": [".footer+xml"], "core-properties": ["core-properties+xml"],
        "extended-properties": ["extended-properties+xml"],
        "officeDocument": [
            "sheet.main+xml", "template.main+xml", "document.main+xml", "presentation.main+xml", "slideshow.main+xml",
            "addin.macroEnabled.main+xml", "macroEnabled.main+xml", "macroEnabledTemplate.main+xml",
        ],
    ]

    // MARK: Parts

    private mutating func checkParts() {
        for name in package.names where isXML(name) {
            attempt(name) { lint throws(OOXMLError) in
                let kind = lint.package.contentType(of: name) ?? ""
                let isLarge = kind.hasSuffix(".worksheet+xml") || kind.hasSuffix(".sharedStrings+xml")
                let defined = Set(try lint.package.relationships(of: name).map(\.id))
                if isLarge {
                    try lint.scan(name, defined)
                } else {
                    let tree = try lint.package.element(name)
                    lint.check(tree, name, defined)
                    lint.checkOrder(tree, name)
                    lint.trees[name] = tree
                }
            }
        }
        for (name, tree) in trees.sorted(by: { $0.key < $1.key }) {
            switch tree.name {
            case "workbook": checkWorkbook(name, tree)
            case "presentation": checkPresentation(name, tree)
            case "document" where name.hasPrefix("/word/"): checkDocument(name, tree)
            default: checkShapes(name, tree)
            }
        }
    }

    private func isXML(_ name: String) -> Bool {
        guard let type = package.contentType(of: name) else { return name.hasSuffix(".xml") }
        return !name.hasSuffix(".rels") && (type.hasSuffix("+xml") || type.hasSuffix("/xml"))
    }

    /// A part that is read once more by the rules of its kind: here only that it is XML and its ids are defined.
    private mutating func scan(_ name: String, _ defined: Set<String>) throws(OOXMLError) {
        let scanner = try package.scanner(name)
        while case let event = try scanner.next(), event != .done {
            guard event == .start else { continue }
            if let id = try scanner.prefixedValue("id") { checkUse(of: id, name, defined) }
        }
    }

    private mutating func check(_ tree: XMLElement, _ name: String, _ defined: Set<String>) {
        var spaces: Set<String> = []
        tree.descend { element in
            for attribute in element.attributes where attribute.prefix == "xmlns" {
                if attribute.value.hasSuffix("/officeDocument/2006/relationships")
                    || attribute.value.hasSuffix("/ooxml/officeDocument/relationships")
                {
                    spaces.insert(attribute.name)
                }
            }
        }
        var uses: [String] = []
        var repeated: [String] = []
        tree.descend { element in
            for attribute in element.attributes where spaces.contains(attribute.prefix) { uses.append(attribute.value) }
            let names = Set(element.attributes.map { $0.prefix + ":" + $0.name })
            if names.count != element.attributes.count { repeated.append(element.name) }
        }
        for id in uses where !id.isEmpty { checkUse(of: id, name, defined) }
        for element in repeated { report(name, "xml_invalid", "<\(element)> has an attribute twice.") }
    }

    private mutating func checkUse(of id: String, _ name: String, _ defined: Set<String>) {
        require(
            defined.contains(id), name, "relationship_undefined",
            "It uses the relationship \(id), which is not defined.")
    }

    /// Ids of shapes: unique within their part.
    mutating func checkShapes(_ name: String, _ tree: XMLElement) {
        var ids: Set<String> = []
        var twice: [String] = []
        tree.descend { element in
            guard ["cNvPr", "docPr"].contains(element.name), let id = element["id"] else { return }
            if !ids.insert(id).inserted { twice.append(id) }
        }
        for id in twice { report(name, "shape_id_duplicate", "Two shapes have the id \(id).") }
    }
}

extension PartName {
    /// `/xl/workbook.xml` for `/xl/_rels/workbook.xml.rels`.
    static func source(ofRelationships name: String) -> String {
        var steps = name.split(separator: "/").map(String.init)
        let file = steps.removeLast()
        if steps.last == "_rels" { steps.removeLast() }
        return "/" + (steps + [String(file.dropLast(".rels".count))]).filter { !$0.isEmpty }.joined(separator: "/")
    }
}
