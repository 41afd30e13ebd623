/// What PDF/A and PDF/UA ask for and Cairo cannot write, added to the file that it wrote: the whole is written anew.
///
/// PDF/A-2u (ISO 19005-2; A-3u with attachments): metadata as XMP, an output intent, file identifiers, annotations that
/// print. PDF/UA-1 (ISO 14289-1): the language, alternative texts, artifacts marked as such, header cells with their
/// scope, notes with ids, links with descriptions, tab order by structure.
struct ArchivalFile {
    let metadata: ReportMetadata
    /// Alternative texts, in the order of the figures.
    let figures: [String]
    let attachments: [EmbeddedFile]

    /// A file that is not laid out as Cairo does comes back as it was.
    func bytes(from file: [UInt8]) -> [UInt8] {
        guard let cairo = CairoFile(file) else { return file }
        var writer = ObjectWriter(firstFree: cairo.objects.count)
        let extra = writer.reserve(metadata: metadata, attachments: attachments)
        let contents = pageContents(cairo)
        var alternatives = figures.makeIterator()
        for number in 1..<cairo.objects.count where !cairo.objects[number].isEmpty {
            if contents.contains(number), let stream = cairo.stream(number),
                let page = Deflate.inflated(stream).map(ArtifactMarks.marked)
            {
                writer.add(number, stream: page, "")
                continue
            }
            if number == cairo.information {
                writer.add(number, metadata.information)
                continue
            }
            guard !cairo.hasStream(number), let kind = kind(of: number, in: cairo) else {
                writer.add(number, bytes: file[cairo.objects[number]])
                continue
            }
            let dictionary = cairo.dictionary(number)
            switch kind {
            case .catalog: writer.add(number, catalog(dictionary, extra))
            case .names: writer.add(number, attachments.isEmpty ? dictionary : dictionary.adding(extra.embedded))
            case .page: writer.add(number, dictionary.adding(" /Tabs /S"))
            case .resources: writer.add(number, dictionary.withoutRepeatedObjects)
            case .link:
                let text = PDFText.string(Self.description(of: dictionary))
                writer.add(number, dictionary.adding(" /F 4 /Contents \(text)"))
            case .figure:
                let text = alternatives.next().map { " /Alt \(PDFText.string($0))" } ?? ""
                writer.add(number, dictionary.adding(text))
            case .headerCell: writer.add(number, dictionary.adding(" /A << /O /Table /Scope /Column >>"))
            case .note:
                writer.noteObjects.append(number)
                writer.add(number, dictionary.adding(" /ID (note-\(writer.noteObjects.count))"))
            case .structureRoot: writer.structureRoot = (number, dictionary)
            }
        }
        writer.addExtras(extra, metadata: metadata, attachments: attachments)
        return writer.file(root: cairo.root, information: cairo.information)
    }

    /// Objects that are changed.
    private enum Kind { case catalog, names, page, resources, link, figure, headerCell, note, structureRoot }

    /// There are tens of thousands of structure elements: they are told apart by how Cairo begins them.
    private func kind(of number: Int, in cairo: CairoFile) -> Kind? {
        if number == cairo.root { return .catalog }
        let body = cairo.bytes[cairo.objects[number]]
        let element = Array("<< /Type /StructElem\n   /S /".utf8)
        if body.starts(with: element) {
            let name = body.dropFirst(element.count).prefix { $0 != 0x0A }
            switch String(decoding: name, as: UTF8.self) {
            case "Figure": return .figure
            case "TH": return .headerCell
            case "Note": return .note
            default: return nil
            }
        }
        if body.starts(with: Array("<< /Dests ".utf8)) { return .names }
        let marks: [(StaticString, Kind)] = [
            ("/Type /StructTreeRoot", .structureRoot), ("/Subtype /Link", .link), ("/XObject <<", .resources),
            ("/Contents ", .page),
        ]
        return marks.first { CairoFile.first($0.0, in: body) != nil }?.1
    }

    private func catalog(_ dictionary: String, _ extra: ObjectWriter.Extras) -> String {
        let entries = dictionary.adding(extra.catalog)
        guard !attachments.isEmpty, !dictionary.contains("/Names ") else { return entries }
        return entries.adding(" /Names << \(extra.embedded) >>")
    }

    private func pageContents(_ cairo: CairoFile) -> Set<Int> {
        var found: Set<Int> = []
        for number in 1..<cairo.objects.count where !cairo.objects[number].isEmpty && !cairo.hasStream(number) {
            let body = cairo.bytes[cairo.objects[number]]
            guard let mark = CairoFile.first("/Contents ", in: body) else { continue }
            let digits = body[(mark + 10)...].prefix { (0x30...0x39).contains($0) }
            if let content = Int(String(decoding: digits, as: UTF8.self)), cairo.objects.indices.contains(content) {
                found.insert(content)
            }
        }
        return found
    }

    /// A link's address, or where in the file it leads.
    private static func description(of annotation: String) -> String {
        for mark in ["/URI (", "/Dest ("] {
            guard let range = annotation.firstRange(of: mark) else { continue }
            return String(annotation[range.upperBound...].prefix { $0 != ")" || $0 == "\\" })
        }
        return "Link"
    }
}

extension String {
    /// Entries put before the closing `>>` of a dictionary.
    fileprivate func adding(_ entries: String) -> String {
        guard let end = lastIndex(of: ">"), end > startIndex else { return self }
        return String(self[..<index(before: end)]) + entries + String(self[index(before: end)...])
    }
}

extension String {
    /// Cairo names a picture once for each time that it stands on a page; a key may stand once in a dictionary.
    fileprivate var withoutRepeatedObjects: String {
        guard let open = firstRange(of: "/XObject <<"), let close = self[open.upperBound...].firstRange(of: ">>") else {
            return self
        }
        var seen: Set<Substring> = []
        let entries = self[open.upperBound..<close.lowerBound].split(separator: "/").filter {
            !$0.allSatisfy(\.isWhitespace) && seen.insert($0).inserted
        }
        return self[..<open.upperBound] + entries.map { " /" + $0 }.joined() + self[close.lowerBound...]
    }
}

/// A file that travels inside the report.
struct EmbeddedFile {
    var name: String
    var description: String?
    var bytes: [UInt8]
}

/// Marks what stands outside of every tagged element as an artifact (ISO 14289-1, section 7.1).
enum ArtifactMarks {
    /// Cairo writes `BDC` and `EMC` at the ends of lines, never nested.
    static func marked(_ content: [UInt8]) -> [UInt8] {
        let begin = Array("/Artifact BMC\n".utf8)
        let end = Array("EMC\n".utf8)
        var output: [UInt8] = []
        output.reserveCapacity(content.count + content.count / 8)
        var isTagged = false
        var isOpen = false
        for line in content.split(separator: 0x0A, omittingEmptySubsequences: true) {
            if !isTagged, line.last == UInt8(ascii: "C"), line.suffix(4).elementsEqual(" BDC".utf8) {
                if isOpen { output += end }
                (isOpen, isTagged) = (false, true)
            } else if !isTagged, !isOpen {
                output += begin
                isOpen = true
            }
            output += line
            output.append(0x0A)
            if isTagged, line.elementsEqual("EMC".utf8) { isTagged = false }
        }
        if isOpen { output += end }
        return output
    }
}
