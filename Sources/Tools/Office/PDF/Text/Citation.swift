import DocumentModel

/// A stretch of text that leads somewhere.
struct LinkSpan: Hashable {
    enum Target: Hashable {
        /// Absolute.
        case address(String)
        /// A named destination of this file.
        case place(String)

        /// As Cairo reads them; targets hold neither quotes nor backslashes.
        var attributes: String {
            switch self {
            case .address(let url): "uri='\(Self.escaped(url))'"
            case .place(let name): "dest='\(name)'"
            }
        }

        /// Everything that a URI (RFC 3986) or a PDF string could trip over is percent-encoded.
        private static func escaped(_ url: String) -> String {
            let allowed = Set("-._~:/?#@!$&*+,;=%".utf8)
            let digits = Array("0123456789ABCDEF".utf8)
            var bytes: [UInt8] = []
            for byte in url.utf8 {
                let isLetter = (0x61...0x7A).contains(byte | 0x20)
                if isLetter || (0x30...0x39).contains(byte) || allowed.contains(byte) {
                    bytes.append(byte)
                } else {
                    bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// UTF-8 offsets.
    var bytes: Range<Int>
    var target: Target
    /// A small figure above the line: the number of a footnote.
    var isRaised = false
}

/// Finds what text cites: `[3]`, `[1, 4]`.
struct Citations {
    /// Where each source's number leads.
    let targets: [Int: LinkSpan.Target]
    /// Numbers of footnotes by their ids.
    private let footnotes: [String: Int]

    /// Sources listed in the report are reached there, others at their address.
    init(_ report: Report) {
        let isListed = report.blocks.contains { if case .sources = $0 { true } else { false } }
        var targets: [Int: LinkSpan.Target] = [:]
        for source in report.sources {
            if isListed {
                targets[source.number] = .place(Self.place(of: source.number))
            } else if source.isLink, let url = source.url {
                targets[source.number] = .address(url)
            }
        }
        self.targets = targets
        var numbers: [String: Int] = [:]
        for (index, footnote) in report.numberedFootnotes.enumerated() { numbers[footnote.id] = index + 1 }
        footnotes = numbers
    }

    static func place(of number: Int) -> String { "source-\(number)" }
    static func place(ofFootnote number: Int) -> String { "footnote-\(number)" }

    /// Text fit to be set, with numbers for its references to footnotes, and everything in it that leads somewhere.
    func marked(_ string: String) -> (text: String, links: [LinkSpan], footnotes: [(byte: Int, number: Int)]) {
        let source = string.printable
        let references = footnotes.isEmpty ? [] : Footnote.references(in: source)
        guard !references.isEmpty else { return (source, links(in: source), []) }
        let bytes = Array(source.utf8)
        var text: [UInt8] = []
        var marks: [LinkSpan] = []
        var found: [(Int, Int)] = []
        var done = 0
        for reference in references {
            guard let number = footnotes[reference.id] else { continue }
            text += bytes[done..<reference.bytes.lowerBound]
            done = reference.bytes.upperBound
            let digits = Array("\(number)".utf8)
            found.append((text.count, number))
            marks.append(
                LinkSpan(
                    bytes: text.count..<text.count + digits.count, target: .place(Self.place(ofFootnote: number)),
                    isRaised: true))
            text += digits
        }
        text += bytes[done...]
        let whole = String(decoding: text, as: UTF8.self)
        return (whole, links(in: whole) + marks, found)
    }

    func links(in text: String) -> [LinkSpan] {
        guard !targets.isEmpty else { return [] }
        let bytes = Array(text.utf8)
        var links: [LinkSpan] = []
        var index = 0
        while index < bytes.count {
            let isOpen = bytes[index] == UInt8(ascii: "[")
            index += 1
            if isOpen, let group = group(bytes, from: index) {
                links += group.links
                index = group.end
            }
        }
        return links
    }

    /// Numbers with commas and blanks up to `]`; `nil` where it is something else.
    private func group(_ bytes: [UInt8], from start: Int) -> (links: [LinkSpan], end: Int)? {
        var links: [LinkSpan] = []
        var index = start
        var number: Int?
        var first = start
        // A citation is short: 60 bytes hold a dozen numbers.
        while index < bytes.count, index - start < 60 {
            let byte = bytes[index]
            switch byte {
            case 0x30...0x39:
                if number == nil { first = index }
                guard (number ?? 0) < 100_000_000 else { return nil }
                number = (number ?? 0) * 10 + Int(byte - 0x30)
            case UInt8(ascii: ","), UInt8(ascii: " "), UInt8(ascii: "]"):
                if let value = number, let target = targets[value] {
                    links.append(LinkSpan(bytes: first..<index, target: target))
                }
                number = nil
                if byte == UInt8(ascii: "]") { return (widened(links, start - 1, index + 1), index + 1) }
            default: return nil
            }
            index += 1
        }
        return nil
    }

    /// A lone number takes its brackets with it: easier to hit.
    private func widened(_ links: [LinkSpan], _ start: Int, _ end: Int) -> [LinkSpan] {
        guard links.count == 1 else { return links }
        return [LinkSpan(bytes: start..<end, target: links[0].target)]
    }
}

extension String {
    /// Without control characters, which fonts show as boxes and C ends strings at, and without noncharacters, which
    /// Cairo refuses; line breaks and tabs stay.
    var printable: String {
        var result = String.UnicodeScalarView()
        for scalar in replacing("\r\n", with: "\n").unicodeScalars {
            switch scalar.value {
            case 0x0A, 0x09: result.append(scalar)
            case 0x0D: result.append("\n")
            case ..<0x20, 0x7F: result.append(" ")
            case 0xFDD0...0xFDEF: result.append("\u{FFFD}")
            case let value where value & 0xFFFE == 0xFFFE: result.append("\u{FFFD}")
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
