/// HTML mail as plain text: enough to read and to quote, not a renderer. One pass, no tree.
package struct HTMLText: Sendable {
    /// Paragraphs and lines, blank runs joined.
    package private(set) var plain = ""
    /// `http` and `https` targets of links, in order.
    package private(set) var links: [String] = []

    package init(_ html: String) {
        var scanner = HTMLScanner(Array(html.utf8))
        scanner.run()
        plain = scanner.text
        links = Links.unique(scanner.links + Links.inText(scanner.text))
    }
}

private struct HTMLScanner {
    private let bytes: [UInt8]
    private var index = 0
    private var output: [UInt8] = []
    private var lineBreaks = 2
    private var pendingSpace = false
    private(set) var links: [String] = []

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var text: String { String(decoding: output, as: UTF8.self).trimmed }

    private static let blocks: Set<String> = [
        "p", "div", "table", "tr", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "hr",
        "section", "article", "header", "footer", "center", "form", "dl", "dt", "dd", "title",
    ]
    private static let hidden: Set<String> = ["script", "style", "head", "template", "noscript", "svg", "math"]

    mutating func run() {
        while index < bytes.count {
            let byte = bytes[index]
            if byte == ASCII.less {
                tag()
            } else if byte == 38 {
                let (text, length) = HTMLEntity.decode(bytes[index...])
                append(text)
                index += length
            } else if ASCII.isSpace(byte) {
                pendingSpace = true
                index += 1
            } else {
                append([byte])
                index += 1
            }
        }
    }

    private mutating func append(_ text: [UInt8]) {
        if text == [0xC2, 0xA0] {
            pendingSpace = true
            return
        }
        if pendingSpace, lineBreaks == 0 { output.append(ASCII.space) }
        pendingSpace = false
        lineBreaks = 0
        output += text
    }

    private mutating func breakLine(_ wanted: Int) {
        pendingSpace = false
        while lineBreaks < wanted {
            output.append(ASCII.lf)
            lineBreaks += 1
        }
    }

    private mutating func tag() {
        if bytes[index...].starts(with: "<!--".utf8) {
            skip(past: Array("-->".utf8))
            return
        }
        guard index + 1 < bytes.count, bytes[index + 1] != ASCII.space, let (name, closes, attributes) = readTag()
        else {
            append([ASCII.less])
            index += 1
            return
        }
        if Self.hidden.contains(name) {
            if !closes { skip(past: Array("</\(name)".utf8), orStopAt: name == "head" ? Array("<body".utf8) : nil) }
        } else if name == "br" || name == "li" || name == "tr" || name == "div" {
            if !(name == "br" && closes) { breakLine(name == "br" ? min(2, lineBreaks + 1) : 1) }
            if name == "li", !closes { append(Array("- ".utf8)) }
        } else if Self.blocks.contains(name) {
            breakLine(2)
        } else if name == "td" || name == "th" {
            pendingSpace = true
        } else if name == "a", !closes, let target = attributes, Links.isWeb(target) {
            links.append(target)
        }
    }

    /// Reads a tag; of the attributes only `href` is kept.
    private mutating func readTag() -> (name: String, closes: Bool, href: String?)? {
        var at = index + 1
        let closes = at < bytes.count && bytes[at] == 47
        if closes { at += 1 }
        let start = at
        while at < bytes.count, at - start < 32, isNameByte(bytes[at]) { at += 1 }
        guard
            at > start
                || bytes[start..<min(start + 1, bytes.count)].first.map({ $0 == 33 || $0 == ASCII.question }) == true
        else { return nil }
        let name = String(decoding: bytes[start..<at].map(ASCII.lowered), as: UTF8.self)
        var href: String?
        while at < bytes.count, bytes[at] != ASCII.greater {
            let (attribute, value, next) = readAttribute(at)
            if attribute == "href", href == nil { href = value }
            at = next
        }
        index = min(at + 1, bytes.count)
        return (name, closes, href)
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        let lowered = ASCII.lowered(byte)
        return (97...122).contains(lowered) || (48...57).contains(byte) || byte == ASCII.colon
    }

    private func readAttribute(_ start: Int) -> (name: String, value: String, next: Int) {
        var at = start
        while at < bytes.count, ASCII.isSpace(bytes[at]) || bytes[at] == 47 { at += 1 }
        let nameStart = at
        while at < bytes.count, bytes[at] != ASCII.equals, bytes[at] != ASCII.greater, !ASCII.isSpace(bytes[at]) {
            at += 1
        }
        let name = String(decoding: bytes[nameStart..<at].map(ASCII.lowered), as: UTF8.self)
        while at < bytes.count, ASCII.isSpace(bytes[at]) { at += 1 }
        guard at < bytes.count, bytes[at] == ASCII.equals else {
            return (name, "", max(at, start + (at == start ? 1 : 0)))
        }
        at += 1
        while at < bytes.count, ASCII.isSpace(bytes[at]) { at += 1 }
        guard at < bytes.count else { return (name, "", at) }
        let mark = bytes[at]
        let valueStart: Int
        let valueEnd: Int
        if mark == ASCII.quote || mark == 39 {
            valueStart = at + 1
            valueEnd = bytes[valueStart...].firstIndex(of: mark) ?? bytes.count
            at = min(valueEnd + 1, bytes.count)
        } else {
            valueStart = at
            while at < bytes.count, bytes[at] != ASCII.greater, !ASCII.isSpace(bytes[at]) { at += 1 }
            valueEnd = at
        }
        return (name, name == "href" ? HTMLEntity.decodeAll(bytes[valueStart..<valueEnd]).trimmed : "", at)
    }

    /// Moves behind the next `marker` (ASCII case ignored) and the `>` after it; without one to the end.
    private mutating func skip(past marker: [UInt8], orStopAt other: [UInt8]? = nil) {
        var at = index
        while at < bytes.count {
            if bytes[at] == marker[0], matches(marker, at: at) {
                at += marker.count
                if marker.last != ASCII.greater {
                    at = (bytes[at...].firstIndex(of: ASCII.greater) ?? bytes.count - 1) + 1
                }
                index = at
                return
            }
            if let other, at > index, bytes[at] == ASCII.less, matches(other, at: at) {
                index = at
                return
            }
            at += 1
        }
        index = bytes.count
    }

    private func matches(_ marker: [UInt8], at start: Int) -> Bool {
        guard start + marker.count <= bytes.count else { return false }
        for offset in marker.indices where ASCII.lowered(bytes[start + offset]) != marker[offset] { return false }
        return true
    }
}

/// Character references (HTML Standard section 13.5): the ones that mail uses, and every numeric one.
enum HTMLEntity {
    /// Longest reference looked at, `&` and `;` included.
    private static let reach = 12

    static func decodeAll(_ bytes: ArraySlice<UInt8>) -> String {
        var result: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == 38 {
                let (text, length) = decode(bytes[index...])
                result += text
                index += length
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The reference at the start of `bytes`, which is `&`, and its length; `&` itself where there is none.
    static func decode(_ bytes: ArraySlice<UInt8>) -> ([UInt8], Int) {
        let window = bytes.prefix(reach)
        let plain: ([UInt8], Int) = ([38], 1)
        guard let end = window.firstIndex(of: ASCII.semicolon), end > window.startIndex + 1 else { return plain }
        let name = String(decoding: window[(window.startIndex + 1)..<end], as: UTF8.self)
        let length = end - window.startIndex + 1
        if name.hasPrefix("#") {
            let digits = name.dropFirst()
            let isHex = digits.first == "x" || digits.first == "X"
            guard let value = UInt32(isHex ? digits.dropFirst() : digits, radix: isHex ? 16 : 10),
                let scalar = Unicode.Scalar(value), value >= 32 || value == 10
            else { return plain }
            return (Array(String(scalar).utf8), length)
        }
        guard let text = named[name] else { return plain }
        return (Array(text.utf8), length)
    }

    private static let named: [String: String] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}", "iexcl": "¡", "cent": "¢",
        "pound": "£", "yen": "¥", "sect": "§", "copy": "©", "laquo": "«", "raquo": "»", "reg": "®", "deg": "°",
        "plusmn": "±", "sup2": "²", "sup3": "³", "micro": "µ", "para": "¶", "middot": "·", "frac12": "½",
        "frac14": "¼", "frac34": "¾", "iquest": "¿", "Agrave": "À", "Aacute": "Á", "Acirc": "Â", "Atilde": "Ã",
        "Auml": "Ä", "Aring": "Å", "AElig": "Æ", "Ccedil": "Ç", "Egrave": "È", "Eacute": "É", "Ecirc": "Ê",
        "Euml": "Ë", "Igrave": "Ì", "Iacute": "Í", "Icirc": "Î", "Iuml": "Ï", "Ntilde": "Ñ", "Ograve": "Ò",
        "Oacute": "Ó", "Ocirc": "Ô", "Otilde": "Õ", "Ouml": "Ö", "times": "×", "Oslash": "Ø", "Ugrave": "Ù",
        "Uacute": "Ú", "Ucirc": "Û", "Uuml": "Ü", "szlig": "ß", "agrave": "à", "aacute": "á", "acirc": "â",
        "atilde": "ã", "auml": "ä", "aring": "å", "aelig": "æ", "ccedil": "ç", "egrave": "è", "eacute": "é",
        "ecirc": "ê", "euml": "ë", "igrave": "ì", "iacute": "í", "icirc": "î", "iuml": "ï", "ntilde": "ñ",
        "ograve": "ò", "oacute": "ó", "ocirc": "ô", "otilde": "õ", "ouml": "ö", "divide": "÷", "oslash": "ø",
        "ugrave": "ù", "uacute": "ú", "ucirc": "û", "uuml": "ü", "yacute": "ý", "yuml": "ÿ", "OElig": "Œ",
        "oelig": "œ", "Scaron": "Š", "scaron": "š", "ensp": " ", "emsp": " ", "thinsp": " ", "zwnj": "", "zwj": "",
        "shy": "", "ndash": "–", "mdash": "—", "lsquo": "‘", "rsquo": "’", "sbquo": "‚", "ldquo": "“",
        "rdquo": "”", "bdquo": "„", "dagger": "†", "bull": "•", "hellip": "…", "permil": "‰", "prime": "′",
        "lsaquo": "‹", "rsaquo": "›", "euro": "€", "trade": "™", "larr": "←", "uarr": "↑", "rarr": "→",
        "darr": "↓", "minus": "−", "ne": "≠", "le": "≤", "ge": "≥", "infin": "∞",
    ]
}

/// Web addresses in mail.
package enum Links {
    /// Addresses kept of one message.
    package static let maximumCount = 200
    /// Longest address kept, in bytes.
    package static let maximumLength = 2_000

    /// `http://` and `https://` runs in plain text, punctuation around them left out (RFC 3986 Appendix C).
    package static func inText(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        var result: [String] = []
        var index = 0
        while index < bytes.count, result.count < maximumCount {
            guard ASCII.lowered(bytes[index]) == 104, let skip = schemeLength(bytes, at: index) else {
                index += 1
                continue
            }
            var end = index + skip
            while end < bytes.count, isLinkByte(bytes[end]) { end += 1 }
            if end - index <= maximumLength {
                let stop = trimmedEnd(bytes, from: index, to: end)
                let link = String(decoding: bytes[index..<stop], as: UTF8.self)
                if isWeb(link) { result.append(link) }
            }
            index = max(end, index + skip)
        }
        return result
    }

    /// Absolute, with a host, of sane length and without control characters.
    static func isWeb(_ link: String) -> Bool {
        let bytes = Array(link.utf8)
        guard bytes.count <= maximumLength, let skip = schemeLength(bytes, at: 0), bytes.count > skip,
            bytes.allSatisfy({ $0 > 32 && $0 != 127 })
        else { return false }
        return !"/?#:".utf8.contains(bytes[skip])
    }

    static func unique(_ links: [String]) -> [String] {
        var seen: Set<String> = []
        return Array(links.filter { seen.insert($0).inserted }.prefix(maximumCount))
    }

    private static let schemes = [Array("https://".utf8), Array("http://".utf8)]

    private static func schemeLength(_ bytes: [UInt8], at start: Int) -> Int? {
        schemes.first { scheme in
            start + scheme.count <= bytes.count
                && scheme.indices.allSatisfy { ASCII.lowered(bytes[start + $0]) == scheme[$0] }
        }?.count
    }

    private static func isLinkByte(_ byte: UInt8) -> Bool {
        byte > 32 && byte != 127 && !"<>\"`{}|\\^".utf8.contains(byte)
    }

    private static func trimmedEnd(_ bytes: [UInt8], from start: Int, to end: Int) -> Int {
        var stop = end
        while stop > start {
            let last = bytes[stop - 1]
            if ".,;:!?'*".utf8.contains(last) {
                stop -= 1
            } else if let pair = [
                ASCII.closeParenthesis: ASCII.openParenthesis, ASCII.closeBracket: ASCII.openBracket,
            ][last],
                bytes[start..<stop].count(where: { $0 == last }) > bytes[start..<stop].count(where: { $0 == pair })
            {
                stop -= 1
            } else {
                break
            }
        }
        return stop
    }
}
