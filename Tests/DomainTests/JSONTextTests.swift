import Domain
import FoundationEssentials
import Testing

/// Foundation's coder is the measure: what it wrote is in databases and under hashes.
@Suite(.timeLimit(.minutes(2))) struct JSONTextTests {
    static func reference(_ value: JSONValue) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    static let awkward: [JSONValue] = [
        nil, true, 0, -1, 9_223_372_036_854_775_807, .int(.min), 0.1, -2.5e-9, 1e21, 1e300, 123_456_789.5,
        .double(.leastNonzeroMagnitude), "",
        "/ \\ \" \u{7F} é 日 👩‍👩‍👧 e\u{301}", [], [:], [[], [:], [nil]],
        .string(String(String.UnicodeScalarView((0..<40).compactMap(Unicode.Scalar.init)))),
        ["b": 1, "a": 2, "B": 3, "a10": 4, "a2": 5, "": 6, "é": 7, "e\u{301}f": 8, "z": 9, "_": 10, "日": 11, "👍": 12],
    ]

    @Test(arguments: awkward.indices) func textIsWhatFoundationWrites(_ index: Int) throws {
        let value = Self.awkward[index]
        let text = try value.canonicalBytes()
        #expect(String(decoding: text, as: UTF8.self) == String(decoding: try Self.reference(value), as: UTF8.self))
        #expect(try JSONValue(parsing: text) == JSONDecoder().decode(JSONValue.self, from: text))
    }

    @Test func randomValuesAreWrittenAndReadAsFoundationDoes() throws {
        var random = SplitMix(state: 20_261_121)
        for _ in 0..<2_000 {
            let value = Self.value(&random, depth: 0)
            let text = try value.canonicalBytes()
            #expect(text == (try Self.reference(value)))
            #expect(try JSONValue(parsing: text) == JSONDecoder().decode(JSONValue.self, from: text))
        }
    }

    static func value(_ random: inout SplitMix, depth: Int) -> JSONValue {
        switch random.next() % (depth > 4 ? 5 : 7) {
        case 0: return nil
        case 1: return .bool(random.next() % 2 == 0)
        case 2: return .int(Int64(truncatingIfNeeded: random.next()) >> Int64(random.next() % 64))
        case 3:
            let real = Double(bitPattern: random.next())
            return .double(real.isFinite ? real : 0.5)
        case 4: return .string(text(&random))
        case 5: return .array((0..<random.next() % 4).map { _ in value(&random, depth: depth + 1) })
        default:
            let members = (0..<random.next() % 6).map { _ in (text(&random), value(&random, depth: depth + 1)) }
            return .object(Dictionary(members) { first, _ in first })
        }
    }

    static func text(_ random: inout SplitMix) -> String {
        let scalars = Array("aAbB019_./\\\"\n\u{1}é日👍 ".unicodeScalars)
        var text = String.UnicodeScalarView()
        for _ in 0..<random.next() % 6 { text.append(scalars[Int(random.next() % UInt64(scalars.count))]) }
        return String(text)
    }

    @Test(arguments: [
        " [ 1 , 2 ] ", "1.0", "1e3", "-0", "-0.0", "1E+2", "9223372036854775808", "-9223372036854775808",
        "-9223372036854775809", "\"\\u00e9\\ud83d\\ude00\\/\\b\"", "{\"a\":1,\"a\":2}", "\t\n\r 1", "0.1e-7", "[[[]]]",
    ])
    func textIsReadAsFoundationReadsIt(_ text: String) throws {
        #expect(try JSONValue(parsing: text.utf8) == JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)))
    }

    @Test(arguments: [
        "", " ", "[1,]", "{\"a\":1,}", "{a:1}", "[1 2]", "01", "-", "1.", ".5", "+1", "1e", "nul", "truex", "'a'",
        "\"a",
        "\"\\x\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\u{1}\"", "[", "{", "{\"a\"", "{\"a\":", "1 2", "1e400",
        "NaN",
        "[1]]", "\u{FEFF}1",
    ])
    func malformedTextIsRefused(_ text: String) {
        #expect(throws: DecodingError.self) { try JSONValue(parsing: text.utf8) }
    }

    @Test func invalidBytesAndHostileDepthAreRefused() {
        #expect(throws: DecodingError.self) { try JSONValue(parsing: [34, 0xC3, 34]) }
        #expect(throws: DecodingError.self) {
            try JSONValue(parsing: Array(repeating: UInt8(ascii: "["), count: 100_000))
        }
        #expect(throws: EncodingError.self) { try JSONValue.double(.infinity).canonicalBytes() }
    }
}

/// Sebastiano Vigna's SplitMix64: the same numbers on every machine.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
