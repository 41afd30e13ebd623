/// The elements of a part and where in its bytes they stand, so that an edit touches nothing else.
struct XMLOutline {
    struct Node {
        var name: String
        var prefix: String
        /// The start tag, and the end tag; an empty element's are the same.
        var start: Range<Int>
        var end: Range<Int>
        var isEmpty: Bool
        var parent: Int?
        var children: [Int] = []
        var attributes: [XMLElement.Attribute]
        /// Its own characters, in one.
        var text = ""

        var whole: Range<Int> { start.lowerBound..<end.upperBound }
        var inner: Range<Int> { isEmpty ? start.upperBound..<start.upperBound : start.upperBound..<end.lowerBound }
        var qualified: String { prefix.isEmpty ? name : "\(prefix):\(name)" }

        subscript(_ name: String) -> String? { attributes.first { $0.name == name && $0.prefix.isEmpty }?.value }
        func prefixed(_ name: String) -> String? { attributes.first { $0.name == name && !$0.prefix.isEmpty }?.value }
    }

    let bytes: [UInt8]
    private(set) var nodes: [Node] = []
    private var edits: [(range: Range<Int>, bytes: [UInt8])] = []

    init(_ part: [UInt8]) throws(OOXMLError) {
        bytes = try UTF16Document.utf8(part)
        let scanner = try XMLScanner(bytes)
        var open: [Int] = []
        loop: while true {
            switch try scanner.next() {
            case .start:
                let attributes = try scanner.allAttributes().map {
                    XMLElement.Attribute(prefix: $0.prefix, name: $0.name, value: $0.value)
                }
                let node = Node(
                    name: scanner.name, prefix: scanner.prefix, start: scanner.range, end: scanner.range,
                    isEmpty: scanner.isEmptyElement, parent: open.last, attributes: attributes)
                if let parent = open.last { nodes[parent].children.append(nodes.count) }
                open.append(nodes.count)
                nodes.append(node)
            case .end:
                let index = open.removeLast()
                if !nodes[index].isEmpty { nodes[index].end = scanner.range }
            case .text:
                if let index = open.last { nodes[index].text += try scanner.text() }
            case .done: break loop
            }
        }
    }

    // MARK: - Finding

    func all(_ name: String) -> [Int] { nodes.indices.filter { nodes[$0].name == name } }
    func first(_ name: String) -> Int? { nodes.indices.first { nodes[$0].name == name } }
    func child(_ name: String, of index: Int) -> Int? { nodes[index].children.first { nodes[$0].name == name } }
    func children(_ name: String, of index: Int) -> [Int] { nodes[index].children.filter { nodes[$0].name == name } }

    /// The first element of that name below another, in the order of the document.
    func descendant(_ name: String, of index: Int) -> Int? {
        var next = index + 1
        while next < nodes.count, nodes[next].start.lowerBound < nodes[index].end.upperBound {
            if nodes[next].name == name { return next }
            next += 1
        }
        return nil
    }

    func raw(_ range: Range<Int>) -> [UInt8] { Array(bytes[range]) }

    // MARK: - Editing

    mutating func replace(_ range: Range<Int>, with replacement: [UInt8]) { edits.append((range, replacement)) }
    mutating func remove(_ index: Int) { replace(nodes[index].whole, with: []) }

    /// Puts bytes at the end of an element's content.
    mutating func append(_ content: [UInt8], to index: Int) {
        let node = nodes[index]
        guard node.isEmpty else {
            replace(node.end.lowerBound..<node.end.lowerBound, with: content)
            return
        }
        var tag = raw(node.start)
        tag.removeLast(2)
        replace(node.start, with: tag + Array(">".utf8) + content + Array("</\(node.qualified)>".utf8))
    }

    /// Puts bytes right before an element.
    mutating func insert(_ content: [UInt8], before index: Int) {
        let place = nodes[index].start.lowerBound
        replace(place..<place, with: content)
    }

    mutating func setText(_ text: String, of index: Int) {
        let node = nodes[index]
        let content = Self.escaped(text)
        if node.isEmpty { append(content, to: index) } else { replace(node.inner, with: content) }
    }

    static func escaped(_ text: String) -> [UInt8] {
        fragment { $0.text(text) }
    }

    /// What a writer writes, without the declaration that begins a document.
    static func fragment(_ body: (inout XMLBuffer) -> Void) -> [UInt8] {
        var xml = XMLBuffer()
        let head = xml.bytes.count
        body(&xml)
        return Array(xml.bytes[head...])
    }

    var isChanged: Bool { !edits.isEmpty }

    /// The part with all edits; they must not overlap.
    var edited: [UInt8] {
        guard isChanged else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var at = 0
        let order = edits.indices.sorted {
            (edits[$0].range.lowerBound, edits[$0].range.upperBound, $0)
                < (edits[$1].range.lowerBound, edits[$1].range.upperBound, $1)
        }
        for index in order {
            let edit = edits[index]
            guard edit.range.lowerBound >= at else { continue }
            result += bytes[at..<edit.range.lowerBound]
            result += edit.bytes
            at = edit.range.upperBound
        }
        return result + bytes[at...]
    }
}
