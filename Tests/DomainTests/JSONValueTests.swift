import Domain
import Testing

@Suite(.timeLimit(.minutes(10))) struct JSONValueTests {
    @Test func equalValuesHaveEqualBytes() throws {
        let first: JSONValue = ["b": 1, "a": [true, nil, 2.5, "x/y"]]
        let second = try JSONValue(parsing: Array(#"{ "a": [true, null, 2.5, "x\/y"], "b": 1 }"#.utf8))
        #expect(first == second)
        #expect(try String(decoding: first.canonicalBytes(), as: UTF8.self) == #"{"a":[true,null,2.5,"x/y"],"b":1}"#)
    }

    @Test func wholeNumbersStayWhole() throws {
        #expect(try JSONValue(parsing: Array("9007199254740993".utf8)) == .int(9_007_199_254_740_993))
        #expect(try JSONValue(parsing: Array("true".utf8)) == .bool(true))
    }

    @Test(arguments: ["", "{", "[1,]x", "{\"a\":}", "nul"])
    func malformedTextIsRefused(text: String) {
        #expect(throws: (any Error).self) { try JSONValue(parsing: Array(text.utf8)) }
    }
}
