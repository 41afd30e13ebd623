import FoundationEssentials

/// Reads JSON text (RFC 8259, UTF-8) straight into a value, bounded in depth. Whole numbers within `Int64` stay whole,
/// however they are written; of members with the same name the first counts.
struct JSONReader {
    /// Deeper text is refused, so that a hostile one cannot exhaust the stack: the bound of `JSONDecoder`.
    static let mostDepth = 512

    private let bytes: [UInt8]
    private var position = 0

    static func read(_ bytes: [UInt8]) throws -> JSONValue {
        var reader = JSONReader(bytes: bytes)
        reader.skipSpace()
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.position == bytes.count else { throw reader.malformed("something follows the value") }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 32 || byte == 10 || byte == 13 || byte == 9 { position += 1 }
    }

    private func malformed(_ what: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: [], debugDescription: "\(what) (byte \(position) of the JSON)"))
    }

    private mutating func value(depth: Int) throws -> JSONValue {
        guard depth <= Self.mostDepth else { throw malformed("more than \(Self.mostDepth) deep") }
        switch peek {
        case UInt8(ascii: "{"): return .object(try object(depth))
        case UInt8(ascii: "["): return .array(try array(depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case .some: return try number()
        case nil: throw malformed("the text ends where a value is expected")
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
        let end = position + word.utf8CodeUnitCount
        let isThere = end <= bytes.count && word.withUTF8Buffer { bytes[position..<end].elementsEqual($0) }
        guard isThere else { throw malformed("a value is expected") }
        position = end
        return value
    }

    private mutating func object(_ depth: Int) throws -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        position += 1
        skipSpace()
        if take(UInt8(ascii: "}")) { return members }
        while true {
            guard peek == UInt8(ascii: "\"") else { throw malformed("a member's name is expected") }
            let name = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw malformed("':' is expected") }
            skipSpace()
            let value = try value(depth: depth + 1)
            if members[name] == nil { members[name] = value }
            skipSpace()
            if take(UInt8(ascii: "}")) { return members }
            guard take(UInt8(ascii: ",")) else { throw malformed("',' or '}' is expected") }
            skipSpace()
        }
    }

    private mutating func array(_ depth: Int) throws -> [JSONValue] {
        var items: [JSONValue] = []
        position += 1
        skipSpace()
        if take(UInt8(ascii: "]")) { return items }
        while true {
            items.append(try value(depth: depth + 1))
            skipSpace()
            if take(UInt8(ascii: "]")) { return items }
            guard take(UInt8(ascii: ",")) else { throw malformed("',' or ']' is expected") }
            skipSpace()
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    // MARK: Texts

    private mutating func string() throws -> String {
        position += 1
        let start = position
        while let byte = peek, byte != 34, byte != 92, byte >= 32 { position += 1 }
        if peek == 34 {
            let text = try text(bytes[start..<position])
            position += 1
            return text
        }
        var unescaped = Array(bytes[start..<position])
        while let byte = peek {
            position += 1
            switch byte {
            case 34: return try text(unescaped[...])
            case 92: try escape(into: &unescaped)
            case 0..<32: throw malformed("a control character stands in a text")
            default: unescaped.append(byte)
            }
        }
        throw malformed("a text does not end")
    }

    private func text(_ bytes: ArraySlice<UInt8>) throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw malformed("a text is not UTF-8") }
        return text
    }

    private mutating func escape(into text: inout [UInt8]) throws {
        guard let byte = peek else { throw malformed("a text does not end") }
        position += 1
        switch byte {
        case 34, 92, 47: text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"):
            guard let scalar = Unicode.Scalar(try codePoint()) else { throw malformed("half a surrogate pair") }
            text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default: throw malformed("there is no such escape")
        }
    }

    private mutating func codePoint() throws -> UInt32 {
        let first = try codeUnit()
        guard (0xD800...0xDBFF).contains(first) else { return first }
        guard take(92), take(UInt8(ascii: "u")) else { throw malformed("half a surrogate pair") }
        let second = try codeUnit()
        guard (0xDC00...0xDFFF).contains(second) else { throw malformed("half a surrogate pair") }
        return 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
    }

    private mutating func codeUnit() throws -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt32
            switch peek {
            case .some(let byte) where (48...57).contains(byte): digit = UInt32(byte) - 48
            case .some(let byte) where (65...70).contains(byte): digit = UInt32(byte) - 55
            case .some(let byte) where (97...102).contains(byte): digit = UInt32(byte) - 87
            default: throw malformed("four hexadecimal digits are expected")
            }
            unit = unit << 4 | digit
            position += 1
        }
        return unit
    }

    // MARK: Numbers

    private mutating func number() throws -> JSONValue {
        let start = position
        let isNegative = take(UInt8(ascii: "-"))
        let digits = position
        var magnitude: UInt64 = 0
        var isWhole = true
        while let byte = peek, (48...57).contains(byte) {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(byte - 48))
            isWhole = isWhole && !overflow && !carry
            magnitude = sum
            position += 1
        }
        guard position > digits, position == digits + 1 || bytes[digits] != 48 else {
            throw malformed("a value is expected")
        }
        if let byte = peek, byte == UInt8(ascii: ".") || byte | 32 == UInt8(ascii: "e") {
            isWhole = false
            try fraction()
        }
        if isWhole {
            if !isNegative, let whole = Int64(exactly: magnitude) { return .int(whole) }
            if isNegative, magnitude <= UInt64(Int64.max) { return .int(-Int64(magnitude)) }
            if isNegative, magnitude == 1 << 63 { return .int(.min) }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let real = Double(text), real.isFinite else { throw malformed("'\(text)' is too large a number") }
        if real.magnitude < 9_007_199_254_740_992 { return Int64(exactly: real).map { .int($0) } ?? .double(real) }
        // From 2^53 on a `Double` stands for several whole numbers: only the text knows which one is meant.
        return Self.whole(text).map { .int($0) } ?? .double(real)
    }

    /// The whole number that a text with a fraction or an exponent stands for.
    private static func whole(_ text: String) -> Int64? {
        let parts = text.split { $0 == "e" || $0 == "E" }
        guard let mantissa = parts.first, parts.count == 2 || text.contains(".") else { return nil }
        var exponent = parts.count == 2 ? Int(parts[1]) ?? .max : 0
        let sides = mantissa.split(separator: ".", omittingEmptySubsequences: false)
        var digits = Int64(sides.joined())
        let decimals = sides.count == 2 ? sides[1].utf8.count : 0
        guard abs(exponent) <= mostDepth else { return nil }
        exponent -= decimals
        while exponent > 0, let value = digits {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            digits = overflow ? nil : product
            exponent -= 1
        }
        while exponent < 0, let value = digits {
            digits = value % 10 == 0 ? value / 10 : nil
            exponent += 1
        }
        return digits
    }

    private mutating func fraction() throws {
        if take(UInt8(ascii: ".")) { try someDigits() }
        if let byte = peek, byte | 32 == UInt8(ascii: "e") {
            position += 1
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try someDigits()
        }
    }

    private mutating func someDigits() throws {
        let start = position
        while let byte = peek, (48...57).contains(byte) { position += 1 }
        guard position > start else { throw malformed("a digit is expected") }
    }
}
