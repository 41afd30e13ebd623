/// Reads an Open Packaging Conventions container (ECMA-376 part 2). For untrusted files; not to be shared between
/// threads.
package final class PackageReader {
    package typealias Relationship = OfficePackage.Relationship

    let archive: ZipInput
    /// Part names as they stand in the archive, with a leading slash.
    package let names: [String]
    /// By name in lower case: part names are compared without case.
    private let places: [String: Int]
    private let types: ContentTypes

    package init(_ bytes: [UInt8], limits: PackageLimits = PackageLimits()) throws(OOXMLError) {
        archive = try ZipInput(bytes, limits: limits)
        names = archive.entries.map { "/" + $0.name.replacing("\\", with: "/") }
        places = Dictionary(names.enumerated().map { ($1.lowercased(), $0) }) { first, _ in first }
        guard let place = places["/[content_types].xml"] else {
            throw OOXMLError("archive_invalid", "The file is a ZIP archive, but no Office document.")
        }
        types = try ContentTypes(XMLElement(parsing: archive.bytes(place)))
    }

    func place(_ part: String) -> Int? { places[part.lowercased()] }
    package func contains(_ part: String) -> Bool { place(part) != nil }
    package func contentType(of part: String) -> String? { types.type(of: part) }
    var contentTypes: ContentTypes { types }

    /// The whole of a part.
    package func bytes(_ part: String) throws(OOXMLError) -> [UInt8] {
        guard let place = place(part) else { throw OOXMLError("part_missing", "The file lacks its part '\(part)'.") }
        return try archive.bytes(place)
    }

    package func element(_ part: String) throws(OOXMLError) -> XMLElement { try XMLElement(parsing: bytes(part)) }

    /// Reads a part of any size piece by piece.
    package func scanner(_ part: String) throws(OOXMLError) -> XMLScanner {
        guard let place = place(part) else { throw OOXMLError("part_missing", "The file lacks its part '\(part)'.") }
        // UTF-16 parts are rare and are turned round as a whole.
        let start = try archive.open(place)
        let head = UnsafeMutableRawBufferPointer.allocate(byteCount: 2, alignment: 1)
        defer { head.deallocate() }
        let count = try start.read(head)
        if count == 2, head[0] == 0 || head[1] == 0 || head[0] >= 0xFE {
            return try XMLScanner(archive.bytes(place))
        }
        let input = try archive.open(place)
        return try XMLScanner { (buffer) throws(OOXMLError) in try input.read(buffer) }
    }

    /// Of a part, or of the package for `/`; targets within the package are absolute names.
    package func relationships(of source: String) throws(OOXMLError) -> [Relationship] {
        let name = OfficePackage.relationshipsName(source)
        guard contains("/" + name) else { return [] }
        return try element("/" + name).all("Relationship").map { element in
            let isExternal = element["TargetMode"] == "External"
            let target = element["Target"] ?? ""
            return Relationship(
                id: element["Id"] ?? "", type: element["Type"] ?? "",
                target: isExternal ? target : PartName.resolve(target, from: source), isExternal: isExternal)
        }
    }

    /// The part that the package is about: workbook, presentation, document.
    package func mainPart() throws(OOXMLError) -> String {
        let found = try relationships(of: "/").first { $0.kind == "officeDocument" && !$0.isExternal }
        guard let found, contains(found.target) else {
            throw OOXMLError("archive_invalid", "The file does not say which of its parts is the document.")
        }
        return found.target
    }
}

extension OfficePackage.Relationship {
    /// The last step of the type: the same in transitional and strict files.
    package var kind: String { type.split(separator: "/").last.map(String.init) ?? "" }
}

/// `[Content_Types].xml` (ECMA-376 part 2, section 7.2.3).
struct ContentTypes {
    /// By extension and by part name, in lower case.
    private(set) var defaults: [String: String] = [:]
    private(set) var overrides: [String: String] = [:]
    private(set) var duplicates: [String] = []

    init(_ root: XMLElement) {
        for element in root.children {
            guard let type = element["ContentType"] else { continue }
            if element.name == "Default", let ending = element["Extension"]?.lowercased() {
                if defaults.updateValue(type, forKey: ending) != nil { duplicates.append(ending) }
            } else if element.name == "Override", let part = element["PartName"]?.lowercased() {
                if overrides.updateValue(type, forKey: part) != nil { duplicates.append(part) }
            }
        }
    }

    func type(of part: String) -> String? {
        let part = part.lowercased()
        return overrides[part] ?? part.split(separator: ".").last.flatMap { defaults[String($0)] }
    }
}

enum PartName {
    /// The absolute name that a relationship's target means; percent signs are resolved, fragments cut.
    static func resolve(_ target: String, from source: String) -> String {
        let path = decoded(target.prefix { $0 != "#" }).replacing("\\", with: "/")
        var steps = path.hasPrefix("/") ? [] : source.split(separator: "/").dropLast().map(String.init)
        for step in path.split(separator: "/") {
            if step == ".." {
                _ = steps.popLast()
            } else if step != "." {
                steps.append(String(step))
            }
        }
        return "/" + steps.joined(separator: "/")
    }

    private static func decoded(_ text: some StringProtocol) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest.removeFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
