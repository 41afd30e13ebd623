import Domain
import JSONSchema
import Testing

@Suite(.timeLimit(.minutes(2))) struct SchemaCheckTests {
    /// Schema, a value that fits, one that does not, and the pointer of its fault.
    @Test(
        arguments: [
            (["type": "string", "maxLength": 2], "ä̈", "abc", ""),
            (["type": "integer", "minimum": 1], 1.0, 0, ""),
            (["type": ["number", "null"]], .null, "1", ""),
            (["enum": ["a", 2]], 2.0, "b", ""),
            (["const": ["x": 1]], ["x": 1], ["x": 2], ""),
            (["required": ["a~b"]], ["a~b": 1], [:], "/a~0b"),
            (
                ["properties": ["a": ["type": "boolean"]], "additionalProperties": false], ["a": true], ["b/c": 1],
                "/b~1c"
            ),
            (["additionalProperties": ["type": "number"]], ["z": 2], ["z": "2"], "/z"),
            (["items": ["items": ["type": "integer"]]], [[1]], [[1, "x"]], "/0/1"),
            (["prefixItems": [["type": "string"]], "items": false], ["a"], ["a", 1], "/1"),
            (["uniqueItems": true], [1, 2], [1, 1], ""),
            (["contains": ["type": "string"]], [1, "a"], [1, 2], ""),
            (["minItems": 1, "maxItems": 1], [0], [], ""),
            (["anyOf": [["type": "string"], ["type": "integer"]]], 3, true, ""),
            (["oneOf": [["type": "integer"], ["minimum": 2]]], 2.5, 3, ""),
            (["not": ["type": "null"]], 1, .null, ""),
            (["allOf": [["minimum": 2], ["maximum": 3]]], 3, 4, ""),
            (["if": ["required": ["a"]], "then": ["required": ["b"]]], ["a": 1, "b": 1], ["a": 1], "/b"),
            (["dependentRequired": ["card": ["address"]]], ["address": 1], ["card": 1], "/address"),
            (["multipleOf": 0.01], 4.02, 4.025, ""),
            (["exclusiveMaximum": 10], 9.999, 10, ""),
            (["propertyNames": ["maxLength": 1]], ["a": 1], ["ab": 1], "/ab"),
            (["$defs": ["n": ["type": "integer"]], "items": ["$ref": "#/$defs/n"]], [1], ["a"], "/0"),
        ] as [(JSONValue, JSONValue, JSONValue, String)])
    func aKeywordTakesAndRefuses(schema: JSONValue, good: JSONValue, bad: JSONValue, pointer: String) {
        #expect(JSONSchema(schema).faults(in: good).isEmpty)
        #expect(JSONSchema(schema).faults(in: bad).map(\.pointer) == [pointer])
    }

    @Test func aReferenceToItselfEnds() {
        #expect(!JSONSchema(["$ref": "#"]).faults(in: 1).isEmpty)
        #expect(!JSONSchema(["$ref": "#/$defs/absent"]).faults(in: 1).isEmpty)
        #expect(!JSONSchema(["$ref": "https://elsewhere.test/schema"]).faults(in: 1).isEmpty)
    }

    @Test func branchesWithinBranchesEnd() {
        var schema: JSONValue = ["type": "string"]
        for _ in 0..<40 { schema = ["anyOf": [schema, schema, schema]] }
        #expect(!JSONSchema(schema).faults(in: 1).isEmpty)
    }

    @Test func faultsAreBounded() {
        let value = JSONValue.array((0..<10_000).map { .int($0) })
        #expect((1...20).contains(JSONSchema(["items": ["type": "string"]]).faults(in: value).count))
    }
}
