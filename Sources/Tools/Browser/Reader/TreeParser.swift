internal import CLibXML2

/// Builds an `ElementTree` from HTML with libxml2's parser: no network, no tree of its own, any nesting.
struct TreeParser {
    /// Deeper elements stand beside the deepest ones, as in Chromium (from 512 on); real pages stay below 60.
    static let maximumDepth = 256
    /// More nodes are left out; a page of 5 MB has about 100,000.
    static let maximumNodes = 400_000
    /// Bytes of HTML that are read.
    static let maximumBytes = 16 * 1024 * 1024
    /// Bytes of one attribute's value that are kept; longer ones are data, not hints.
    private static let maximumAttributeBytes = 8_192

    private var tree = ElementTree()
    /// Open elements with the parent and depth to return to.
    private var open: [(name: String, parent: ElementTree.Index, depth: Int)] = []
    private var parent = 0
    private var depth = 0

    /// `nil` only where libxml2 gets no memory.
    static func parse(_ html: String) -> ElementTree? {
        var bytes = Array(html.utf8.prefix(maximumBytes))
        // libxml2 takes NUL for the end.
        for position in bytes.indices where bytes[position] == 0 { bytes[position] = 0x20 }
        return bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress?.assumingMemoryBound(to: CChar.self), !raw.isEmpty else {
                return ElementTree()
            }
            return parse(base, count: raw.count)
        }
    }

    private static func parse(_ base: UnsafePointer<CChar>, count: Int) -> ElementTree? {
        guard let context = htmlNewParserCtxt() else { return nil }
        defer { htmlFreeParserCtxt(context) }
        guard let handler = context.pointee.sax else { return nil }
        handler.pointee = makeHandler()
        let options =
            HTML_PARSE_RECOVER.rawValue | HTML_PARSE_NOERROR.rawValue | HTML_PARSE_NOWARNING.rawValue
            | HTML_PARSE_NONET.rawValue | HTML_PARSE_IGNORE_ENC.rawValue
        var parser = TreeParser()
        withUnsafeMutablePointer(to: &parser) { pointer in
            context.pointee.userData = UnsafeMutableRawPointer(pointer)
            // With a handler of ours no document is made; one is freed all the same, should libxml2 make it.
            xmlFreeDoc(htmlCtxtReadMemory(context, base, Int32(count), nil, "UTF-8", Int32(options)))
            context.pointee.userData = nil
        }
        return parser.tree
    }

    private static func makeHandler() -> xmlSAXHandler {
        var handler = xmlSAXHandler()
        handler.startElement = { state, name, attributes in
            guard let state, let name else { return }
            state.assumingMemoryBound(to: TreeParser.self).pointee.start(name, attributes)
        }
        handler.endElement = { state, name in
            guard let state, let name else { return }
            state.assumingMemoryBound(to: TreeParser.self).pointee.end(String(cString: name))
        }
        handler.characters = { state, bytes, count in
            guard let state, let bytes, count > 0 else { return }
            let text = String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
            state.assumingMemoryBound(to: TreeParser.self).pointee.add(text)
        }
        handler.ignorableWhitespace = handler.characters
        handler.cdataBlock = handler.characters
        return handler
    }

    private mutating func start(
        _ name: UnsafePointer<xmlChar>, _ attributes: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?
    ) {
        let name = String(cString: name).lowercased()
        open.append((name, parent, depth))
        guard tree.count < Self.maximumNodes else { return }
        var node = ElementTree.Node(name: name)
        var position = 0
        while let attributes, let key = attributes[position] {
            let value = attributes[position + 1].map { String(cString: $0) } ?? ""
            if value.utf8.count <= Self.maximumAttributeBytes {
                node.attributes[String(cString: key).lowercased()] = value
            }
            position += 2
        }
        let isDeepest = depth == Self.maximumDepth
        parent = tree.append(node, to: isDeepest ? tree[parent].parent : parent)
        if !isDeepest { depth += 1 }
    }

    private mutating func end(_ name: String) {
        guard let last = open.last, last.name == name.lowercased() else { return }
        open.removeLast()
        parent = last.parent
        depth = last.depth
    }

    private mutating func add(_ text: String) {
        guard tree.count < Self.maximumNodes else { return }
        let (length, commas) = Self.measure(text)
        let last = tree[parent].last
        if last >= 0, tree[last].isText {
            tree.extend(last, by: text, length: length, commas: commas)
            return
        }
        var node = ElementTree.Node(name: "", text: text)
        (node.length, node.commas) = (length, commas)
        _ = tree.append(node, to: parent)
    }

    /// Scalars with blanks collapsed, and commas of Latin, Arabic, CJK and other scripts.
    private static func measure(_ text: String) -> (length: Int, commas: Int) {
        var length = 0
        var commas = 0
        var isBlank = false
        for scalar in text.unicodeScalars {
            if scalar.properties.isWhitespace {
                isBlank = true
                continue
            }
            length += isBlank && length > 0 ? 2 : 1
            isBlank = false
            switch scalar {
            case ",", "\u{060C}", "\u{FE50}", "\u{FE10}", "\u{FE11}", "\u{2E41}", "\u{2E34}", "\u{2E32}", "\u{FF0C}",
                "\u{3001}":
                commas += 1
            default: break
            }
        }
        return (length, commas)
    }
}
