import API
import Domain
import Testing

@Suite(.timeLimit(.minutes(10))) struct SchemaTests {
    let shape = Schema.object([
        Schema.required("name", .text(1...5)),
        Schema.required("role", .choice(["owner", "member"])),
        Schema.optional("age", .integer(0...150)),
        Schema.optional("tags", .array(of: .text(1...3), most: 2)),
        Schema.optional("at", .nullable(.time)),
    ])

    @Test func whatFitsHasNoFaults() {
        let value: JSONValue = ["name": "Ada", "role": "owner", "age": 36, "tags": ["a"], "at": nil]
        #expect(shape.faults(in: value).isEmpty)
    }

    @Test(
        arguments: [
            (JSONValue.null, ""), (["name": "Ada"], "/role"), (["name": "", "role": "owner"], "/name"),
            (["name": "Ada", "role": "king"], "/role"), (["name": "Ada", "role": "owner", "age": 1.5], "/age"),
            (["name": "Ada", "role": "owner", "age": 151], "/age"),
            (["name": "Ada", "role": "owner", "tags": ["ok", "long!"]], "/tags/1"),
            (["name": "Ada", "role": "owner", "tags": ["a", "b", "c"]], "/tags"),
            (["name": "Ada", "role": "owner", "at": "yesterday"], "/at"),
            (["name": "Ada", "role": "owner", "a/b": 1], "/a~1b"), (["name": "A\u{0}", "role": "owner"], "/name"),
        ] as [(JSONValue, String)])
    func aFaultNamesItsPlace(value: JSONValue, pointer: String) {
        #expect(shape.faults(in: value).map(\.pointer) == [pointer])
    }

    @Test func faultsAreBounded() {
        let value = JSONValue.array(Array(repeating: .null, count: 10_000))
        #expect(Schema.array(of: .boolean).faults(in: value).count == Schema.mostFaults)
    }

    @Test func slugsAndAddressesAreHeldToTheirForm() {
        for good in ["ada", "ada-2", "a"] { #expect(Schema.format(.slug).faults(in: .string(good)).isEmpty) }
        for bad in ["", "-a", "A", "a b", String(repeating: "a", count: 64)] {
            #expect(!Schema.format(.slug).faults(in: .string(bad)).isEmpty)
        }
        for bad in ["", "a", "@b", "a@", "a@b@c", "a b@c"] {
            #expect(!Schema.format(.email).faults(in: .string(bad)).isEmpty)
        }
    }
}
