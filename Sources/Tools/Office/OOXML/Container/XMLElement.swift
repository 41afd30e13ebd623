/// A small XML part as a tree; worksheets are read by `XMLScanner`.
package struct XMLElement: Sendable {
    package struct Attribute: Sendable {
        package var prefix: String
        package var name: String
        package var value: String
    }

    /// Without its prefix.
    package var name: String
    package var prefix: String
    package var attributes: [Attribute]
    package var children: [XMLElement] = []
    /// Its own characters, in one.
    package var text = ""

    package init(parsing bytes: [UInt8]) throws(OOXMLError) { self = try Self.parse(XMLScanner(bytes)) }

    private init(_ scanner: XMLScanner) throws(OOXMLError) {
        name = scanner.name
        prefix = scanner.prefix
        attributes = try scanner.allAttributes().map { Attribute(prefix: $0.prefix, name: $0.name, value: $0.value) }
    }

    private static func parse(_ scanner: XMLScanner) throws(OOXMLError) -> XMLElement {
        var stack: [XMLElement] = []
        var root: XMLElement?
        while true {
            switch try scanner.next() {
            case .start: stack.append(try XMLElement(scanner))
            case .text: stack[stack.count - 1].text += try scanner.text()
            case .end:
                let last = stack.removeLast()
                if stack.isEmpty { root = last } else { stack[stack.count - 1].children.append(last) }
            case .done:
                guard let root else { throw XMLScanner.invalid("It is empty.") }
                return root
            }
        }
    }

    /// The value of an attribute without a prefix.
    package subscript(_ name: String) -> String? {
        attributes.first { $0.name == name && $0.prefix.isEmpty }?.value
    }

    /// The value of an attribute with some prefix, such as `r:id`.
    package func prefixed(_ name: String) -> String? {
        attributes.first { $0.name == name && !$0.prefix.isEmpty }?.value
    }

    package func integer(_ name: String) -> Int? { self[name].flatMap { Int($0) } }
    package func first(_ name: String) -> XMLElement? { children.first { $0.name == name } }
    package func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// This element and all below it, in the order of the document.
    package func descend(_ body: (XMLElement) -> Void) {
        body(self)
        for child in children { child.descend(body) }
    }
}
