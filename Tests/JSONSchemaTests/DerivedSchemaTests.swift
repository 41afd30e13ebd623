import Domain
import JSONSchema
import Testing

@Suite(.timeLimit(.minutes(2))) struct DerivedSchemaTests {
    private struct Page: Codable, SchemaAnnotated {
        var url: String
        var tries: Int?
        var tags: Set<String>
        var port: UInt16
        var scale: [Double?]
        static let schemaWords: [String: JSONValue] = ["url": ["description": "Where.", "maxLength": 2_000]]
    }

    @Test func membersAreNamedTypedAndRequiredWhereTheyAre() throws {
        let schema = try JSONSchema(of: Page.self).document
        #expect(
            schema == [
                "type": "object",
                "properties": [
                    "url": ["type": "string", "description": "Where.", "maxLength": 2_000],
                    "tries": ["type": ["integer", "null"]],
                    "tags": ["type": "array", "items": ["type": "string"]],
                    "port": ["type": "integer", "minimum": 0, "maximum": 65_535],
                    "scale": ["type": "array", "items": ["type": ["null", "number"]]],
                ], "required": ["port", "scale", "tags", "url"],
            ])
    }

    private struct Node: Codable {
        var name: String
        var children: [Node]
        var values: [String: Bool]
    }

    @Test func aTypeMayContainItself() throws {
        let schema = try JSONSchema(of: Node.self)
        #expect(schema.document["$ref"] == "#/$defs/Node")
        let leaf: JSONValue = ["name": "leaf", "children": [], "values": ["a": true]]
        #expect(schema.faults(in: ["name": "root", "children": [leaf], "values": [:]]).isEmpty)
        let faults = schema.faults(in: ["name": "root", "children": [["name": 1, "children": []]], "values": ["b": 1]])
        #expect(faults.map(\.pointer) == ["/children/0/values", "/children/0/name", "/values/b"])
    }

    private enum Shape: Codable {
        enum Kind: String, Codable, CaseIterable { case circle, square }
        case circle(radius: Double)
        case square(side: Double, label: String?)
        enum CodingKeys: String, CodingKey { case kind, radius, side, label }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            switch try container.decode(Kind.self, forKey: .kind) {
            case .circle: self = .circle(radius: try container.decode(Double.self, forKey: .radius))
            case .square:
                self = .square(
                    side: try container.decode(Double.self, forKey: .side),
                    label: try container.decodeIfPresent(String.self, forKey: .label))
            }
        }

        func encode(to encoder: any Encoder) throws {}
    }

    @Test func aKindDecidesAboutTheOtherMembers() throws {
        let schema = try JSONSchema(of: [Shape].self)
        #expect(schema.document["items"]?["oneOf"]?.array?.count == 2)
        #expect(schema.faults(in: [["kind": "circle", "radius": 2], ["kind": "square", "side": 1.5]]).isEmpty)
        #expect(
            schema.faults(in: [["kind": "square", "radius": 2]])
                == [ValueFault(pointer: "/0/side", detail: "is required")])
    }

    private struct Person: Codable {
        var address: String

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {  // not text: an object
                address = text
            } else {
                address = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .address)
            }
        }
    }

    @Test func whatIsReadFromTwoKindsTakesBoth() throws {
        let schema = try JSONSchema(of: Person.self)
        #expect(schema.faults(in: "ada@x.test").isEmpty)
        #expect(schema.faults(in: ["address": "ada@x.test"]).isEmpty)
        #expect(!schema.faults(in: 7).isEmpty)
    }

    private enum Unlisted: String, Codable { case one, two }
    private struct Holder: Codable { var unlisted: Unlisted }

    @Test func aTypeWhoseValuesCannotBeGuessedIsNamed() {
        let error = #expect(throws: SchemaDerivationError.self) { try JSONSchema(of: Holder.self) }
        #expect(error?.description.contains("Unlisted") == true)
    }
}
