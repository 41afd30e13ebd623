/// What Cairo cannot write into a tagged PDF: the document's language and the figures' alternative texts, appended as
/// an incremental update (ISO 32000-1, section 7.5.6).
struct AccessibilityUpdate {
    let language: String
    /// Alternative texts, in the order of the figures.
    let figures: [String]

    /// The file with the update. A file that is not laid out as Cairo writes PDF 1.4 comes back as it was.
    func appended(to file: [UInt8]) -> [UInt8] {
        guard let trailer = Trailer(file) else { return file }
        var changed: [(number: Int, body: [UInt8])] = []
        var alternatives = figures.makeIterator()
        for number in 1..<trailer.offsets.count {
            guard var body = trailer.object(number, in: file) else { continue }
            if number == trailer.root {
                let additions = " /Lang \(Self.string(language)) /ViewerPreferences << /DisplayDocTitle true >>"
                guard Self.insert(additions, into: &body) else { return file }
                changed.append((number, body))
            } else if body.contains("/S /Figure"), let text = alternatives.next() {
                guard Self.insert(" /Alt \(Self.string(text))", into: &body) else { return file }
                changed.append((number, body))
            }
        }
        return write(changed, after: file, trailer)
    }

    private func write(_ changed: [(number: Int, body: [UInt8])], after file: [UInt8], _ trailer: Trailer) -> [UInt8] {
        var output = file
        if output.last != 0x0A { output.append(0x0A) }
        var table = "xref\n"
        for (number, body) in changed {
            let offset = String(output.count)
            table += "\(number) 1\n\(String(repeating: "0", count: max(0, 10 - offset.count)))\(offset) 00000 n \n"
            output += Array("\(number) 0 obj\n".utf8) + body + Array("\nendobj\n".utf8)
        }
        let start = output.count
        let information = trailer.information.map { " /Info \($0) 0 R" } ?? ""
        table += "trailer\n<< /Size \(trailer.offsets.count) /Root \(trailer.root) 0 R\(information)"
        table += " /Prev \(trailer.start) >>\nstartxref\n\(start)\n%%EOF\n"
        return output + Array(table.utf8)
    }

    /// Before the dictionary's closing `>>`.
    private static func insert(_ text: String, into body: inout [UInt8]) -> Bool {
        let close = UInt8(ascii: ">")
        guard let end = body.lastIndex(of: close), end > 0, body[end - 1] == close else { return false }
        body.insert(contentsOf: Array(text.utf8), at: end - 1)
        return true
    }

    /// A text string as hexadecimal UTF-16BE with its mark (section 7.9.2.2).
    private static func string(_ text: String) -> String {
        var hex = "<FEFF"
        for unit in text.utf16 {
            let digits = String(unit, radix: 16, uppercase: true)
            hex += String(repeating: "0", count: 4 - digits.count) + digits
        }
        return hex + ">"
    }
}

/// The cross-reference table and trailer of a file with one section.
private struct Trailer {
    /// Of the cross-reference table.
    let start: Int
    /// By object number; 0 where the object is free.
    let offsets: [Int]
    let root: Int
    let information: Int?

    init?(_ file: [UInt8]) {
        let tail = file.suffix(1_024)
        guard let mark = tail.lastRange(of: "startxref"), let start = Self.number(file, after: mark.upperBound),
            start >= 0, start < file.count, file[start...].starts(with: Array("xref\n0 ".utf8)),
            let count = Self.number(file, after: start + 7), count > 1, count <= file.count / 20,
            let line = file[(start + 7)...].firstIndex(of: 0x0A), line + 1 + count * 20 <= file.count
        else { return nil }
        // Entries have 20 bytes (section 7.5.4).
        offsets = (0..<count).map { index in
            let entry = line + 1 + index * 20
            return file[entry + 17] == UInt8(ascii: "n") ? Self.number(file, after: entry) ?? 0 : 0
        }
        let trailer = file[(line + 1 + count * 20)...]
        guard let mark = trailer.lastRange(of: "/Root "), let root = Self.number(file, after: mark.upperBound) else {
            return nil
        }
        self.start = start
        self.root = root
        information = trailer.lastRange(of: "/Info ").flatMap { Self.number(file, after: $0.upperBound) }
    }

    /// The dictionary of an object without a stream.
    func object(_ number: Int, in file: [UInt8]) -> [UInt8]? {
        let offset = offsets[number]
        guard offset > 0, offset < file.count, let open = file[offset...].firstIndex(of: 0x0A) else { return nil }
        // A catalog or a figure is far shorter; streams are not looked through.
        let window = file[(open + 1)..<min(file.count, open + 1 + 65_536)]
        guard window.starts(with: Array("<<".utf8)), let end = window.firstRange(of: "endobj") else { return nil }
        let body = window[..<end.lowerBound]
        return body.contains("stream\n") ? nil : Array(body)
    }

    private static func number(_ file: [UInt8], after offset: Int) -> Int? {
        var value: Int?
        for byte in file[min(offset, file.count)...].prefix(20) {
            if (0x30...0x39).contains(byte) {
                let (product, overflow) = (value ?? 0).multipliedReportingOverflow(by: 10)
                guard !overflow else { return nil }
                value = product &+ Int(byte - 0x30)
            } else if value != nil || (byte != 0x20 && byte != 0x0A) {
                break
            }
        }
        return value
    }
}

extension Collection<UInt8> where Self: BidirectionalCollection {
    fileprivate func firstRange(of text: StaticString) -> Range<Index>? {
        text.withUTF8Buffer { find(in: indices, $0) }
    }

    fileprivate func lastRange(of text: StaticString) -> Range<Index>? {
        text.withUTF8Buffer { find(in: indices.reversed(), $0) }
    }

    fileprivate func contains(_ text: StaticString) -> Bool { firstRange(of: text) != nil }

    private func find(in starts: some Sequence<Index>, _ text: UnsafeBufferPointer<UInt8>) -> Range<Index>? {
        for start in starts where self[start] == text.first {
            guard let end = index(start, offsetBy: text.count, limitedBy: endIndex) else { continue }
            if self[start..<end].elementsEqual(text) { return start..<end }
        }
        return nil
    }
}
