package import Domain
package import JSONSchema

/// A tool as those who call it see it: what it is, and the shapes of its input and output.
package struct ToolContract: Sendable, Hashable {
    package var descriptor: ToolDescriptor
    /// Of what a graph or a model writes: resources by id.
    package var input: JSONSchema
    package var output: JSONSchema

    package init(descriptor: ToolDescriptor, input: JSONSchema, output: JSONSchema) {
        self.descriptor = descriptor
        self.input = input
        self.output = output
    }

    /// What is wrong with a call's input, in one sentence for whoever wrote it; `nil` where it fits.
    package func refusal(of input: JSONValue) -> String? {
        Self.refusal(of: input, by: self.input, descriptor)
    }

    static func refusal(of input: JSONValue, by schema: JSONSchema, _ descriptor: ToolDescriptor) -> String? {
        let faults = schema.faults(in: input)
        if !faults.isEmpty {
            let list = faults.map(\.description).joined(separator: "; ")
            return "The input of '\(descriptor.name)' does not fit: \(list)."
        }
        let limit = descriptor.limits.inputBytes
        // A frame is bounded anyway: only tighter limits cost a count.
        guard limit < ToolLimits.frameBytes else { return nil }
        // Numbers that are none have been refused by the schema or will be by the frame.
        let size = (try? input.canonicalBytes())?.count ?? 0
        return size > limit ? "The input of '\(descriptor.name)' has \(size) bytes; it takes \(limit)." : nil
    }
}

extension Tool {
    /// The tool's contract; throws where a schema cannot be derived from its types.
    package static func contract() throws(SchemaDerivationError) -> ToolContract {
        ToolContract(
            descriptor: descriptor, input: try publicInput(), output: try JSONSchema(of: Output.self))
    }

    /// The input with `<resource>_id` in place of each resource.
    private static func publicInput() throws(SchemaDerivationError) -> JSONSchema {
        guard var words = try JSONSchema(of: Input.self).document.object else { return JSONSchema([:]) }
        var properties = words["properties"]?.object ?? [:]
        var required = words["required"]?.array ?? []
        for resource in descriptor.resources where properties[resource.rawValue] != nil {
            let name = resource.rawValue
            properties[name] = nil
            properties["\(name)_id"] = [
                "type": "string", "format": "uuid", "description": .string("The persona's own \(name)."),
            ]
            required.removeAll { $0 == .string(name) }
            required.append(.string("\(name)_id"))
        }
        words["properties"] = .object(properties)
        words["required"] = .array(required)
        return JSONSchema(.object(words))
    }
}
