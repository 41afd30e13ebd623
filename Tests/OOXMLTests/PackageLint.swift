import CLibZip
import Foundation
import OOXML

/// What a reader of Open Packaging Conventions demands, checked on the bytes that were written.
struct PackageLint {
    private(set) var parts: [String: [UInt8]] = [:]
    private(set) var order: [String] = []

    init?(_ bytes: [UInt8]) {
        var error = zip_error_t()
        zip_error_init(&error)
        let copy = Data(bytes)
        let opened = copy.withUnsafeBytes { buffer -> OpaquePointer? in
            guard let source = zip_source_buffer_create(buffer.baseAddress, UInt64(buffer.count), 0, &error) else {
                return nil
            }
            return zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error)
        }
        guard let archive = opened else { return nil }
        withExtendedLifetime(copy) {
            for index in 0..<UInt64(max(0, zip_get_num_entries(archive, 0))) {
                guard let name = zip_get_name(archive, index, 0), let file = zip_fopen_index(archive, index, 0) else {
                    continue
                }
                var content: [UInt8] = []
                var chunk = [UInt8](repeating: 0, count: 65_536)
                while case let count = zip_fread(file, &chunk, 65_536), count > 0 {
                    content += chunk.prefix(Int(count))
                }
                zip_fclose(file)
                order.append(String(cString: name))
                parts[String(cString: name)] = content
            }
            zip_discard(archive)
        }
    }

    func text(_ part: String) -> String { String(decoding: parts[part] ?? [], as: UTF8.self) }

    /// Everything that is wrong: unresolved relationships, parts without a content type, relationship ids that are
    /// used but not defined, ids used twice.
    var faults: [String] {
        var faults: [String] = []
        if order.first != "[Content_Types].xml" { faults.append("content types do not come first") }
        if Set(order).count != order.count { faults.append("an entry exists twice") }
        let types = text("[Content_Types].xml")
        for name in order where name != "[Content_Types].xml" {
            let ending = name.split(separator: ".").last ?? ""
            if !types.contains("PartName=\"/\(name)\""), !types.contains("Extension=\"\(ending)\"") {
                faults.append("\(name) has no content type")
            }
            if name.hasSuffix(".xml"), !name.hasSuffix(".rels"), !types.contains("PartName=\"/\(name)\"") {
                faults.append("\(name) has no own content type")
            }
        }
        for name in order where name.hasSuffix(".rels") { faults += relationshipFaults(name) }
        for name in order where name.hasSuffix(".xml") && name != "[Content_Types].xml" { faults += useFaults(name) }
        return faults
    }

    private func source(of relationships: String) -> String {
        relationships.replacingOccurrences(of: "_rels/", with: "").replacingOccurrences(of: ".rels", with: "")
    }

    private func relationshipFaults(_ name: String) -> [String] {
        let base = source(of: name).split(separator: "/").dropLast()
        return text(name).split(separator: "<").filter { $0.hasPrefix("Relationship ") }.compactMap { element in
            let target = Self.attribute("Target", String(element)) ?? ""
            if element.contains("TargetMode=\"External\"") {
                return URL(string: target) == nil ? "\(name): \(target) is no URI" : nil
            }
            var steps = base.map(String.init)
            for step in target.split(separator: "/") {
                if step == ".." { _ = steps.popLast() } else { steps.append(String(step)) }
            }
            return parts[steps.joined(separator: "/")] == nil ? "\(name): \(target) leads nowhere" : nil
        }
    }

    private func useFaults(_ name: String) -> [String] {
        var steps = name.split(separator: "/").map(String.init)
        let file = steps.popLast() ?? ""
        let relationships = text((steps + ["_rels", file + ".rels"]).joined(separator: "/"))
        var faults: [String] = []
        for element in text(name).split(separator: "<") {
            for key in ["r:id", "r:embed", "r:link"] {
                guard let id = Self.attribute(key, String(element)) else { continue }
                if !relationships.contains("Id=\"\(id)\"") { faults.append("\(name) uses \(id), which is not defined") }
            }
        }
        let ids = text(name).split(separator: "<").filter { $0.contains("cNvPr ") }.compactMap {
            Self.attribute("id", String($0))
        }
        if Set(ids).count != ids.count { faults.append("\(name) uses a shape id twice") }
        return faults
    }

    private static func attribute(_ name: String, _ element: String) -> String? {
        guard let start = element.range(of: " \(name)=\"") else { return nil }
        return element[start.upperBound...].split(separator: "\"", omittingEmptySubsequences: false).first.map(
            String.init)
    }
}
