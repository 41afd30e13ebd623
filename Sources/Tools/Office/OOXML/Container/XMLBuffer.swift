/// Writes XML 1.0 as UTF-8: elements always balance, text and attributes are always escaped, and characters that
/// XML forbids (section 2.2) never come out.
struct XMLBuffer {
    private(set) var bytes: [UInt8]

    init() {
        bytes = Array("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n".utf8)
    }

    /// Elements that stand within those of another.
    init(fragment: Void) { bytes = [] }

    /// Attributes whose value is `nil` are left out.
    mutating func element(
        _ name: String, _ attributes: KeyValuePairs<String, String?> = [:],
        _ body: (inout XMLBuffer) throws -> Void
    ) rethrows {
        open(name, attributes)
        try body(&self)
        close(name)
    }

    /// A start tag whose end is written later: what comes between is streamed.
    mutating func open(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:]) {
        start(name, attributes)
        bytes.append(UInt8(ascii: ">"))
    }

    mutating func close(_ name: String) {
        bytes.append(contentsOf: "</".utf8)
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: ">"))
    }

    mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:]) {
        start(name, attributes)
        bytes.append(contentsOf: "/>".utf8)
    }

    mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:], text: String) {
        element(name, attributes) { $0.text(text) }
    }

    /// Text; forbidden characters are dropped.
    mutating func text(_ text: String) {
        for scalar in text.unicodeScalars { append(scalar, attribute: false) }
    }

    private mutating func start(_ name: String, _ attributes: KeyValuePairs<String, String?>) {
        bytes.append(UInt8(ascii: "<"))
        bytes.append(contentsOf: name.utf8)
        for (key, value) in attributes {
            guard let value else { continue }
            bytes.append(UInt8(ascii: " "))
            bytes.append(contentsOf: key.utf8)
            bytes.append(contentsOf: "=\"".utf8)
            for scalar in value.unicodeScalars { append(scalar, attribute: true) }
            bytes.append(UInt8(ascii: "\""))
        }
    }

    private mutating func append(_ scalar: Unicode.Scalar, attribute: Bool) {
        switch scalar {
        case "&": bytes.append(contentsOf: "&amp;".utf8)
        case "<": bytes.append(contentsOf: "&lt;".utf8)
        case ">": bytes.append(contentsOf: "&gt;".utf8)
        case "\"" where attribute: bytes.append(contentsOf: "&quot;".utf8)
        case "\t" where attribute: bytes.append(contentsOf: "&#9;".utf8)
        case "\n" where attribute: bytes.append(contentsOf: "&#10;".utf8)
        case "\r": bytes.append(contentsOf: "&#13;".utf8)
        default:
            guard Self.isAllowed(scalar) else { return }
            bytes.append(contentsOf: scalar.utf8)
        }
    }

    static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x1_0000...0x10_FFFF: true
        default: false
        }
    }
}
