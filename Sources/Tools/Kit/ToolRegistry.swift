package import Domain
import JSONSchema

/// The tools that one process can run, by name.
package struct ToolRegistry: Sendable {
    private let tools: [String: any Tool]
    /// Of input as it comes to the tool, resources resolved.
    private let inputs: [String: JSONSchema]

    /// Sorted by name; what the platform alone calls is left out.
    package let contracts: [ToolContract]
    /// Tools whose types have no schema and that are held to their decoding alone, with the reason: a fault of theirs.
    package let undescribed: [String: String]

    package init(_ tools: [any Tool]) {
        self.tools = Dictionary(tools.map { (type(of: $0).descriptor.name, $0) }) { _, last in last }
        var inputs: [String: JSONSchema] = [:]
        var contracts: [ToolContract] = []
        var undescribed: [String: String] = [:]
        for (name, tool) in self.tools {
            do {
                let (input, contract) = try Self.shapes(of: tool)
                inputs[name] = input
                if !contract.descriptor.isInternal { contracts.append(contract) }
            } catch {
                undescribed[name] = "\(error)"
                let any = JSONSchema([:])
                contracts.append(ToolContract(descriptor: type(of: tool).descriptor, input: any, output: any))
            }
        }
        self.inputs = inputs
        self.contracts = contracts.sorted { $0.descriptor.name < $1.descriptor.name }
        self.undescribed = undescribed
    }

    private static func shapes<T: Tool>(of tool: T) throws(SchemaDerivationError) -> (JSONSchema, ToolContract) {
        (try JSONSchema(of: T.Input.self), try T.contract())
    }

    /// Sorted by name.
    package var descriptors: [ToolDescriptor] {
        tools.values.map { type(of: $0).descriptor }.sorted { $0.name < $1.name }
    }

    package func descriptor(named name: String) -> ToolDescriptor? {
        tools[name].map { type(of: $0).descriptor }
    }

    /// Holds `input` to its schema, decodes it, calls the tool and encodes its output. Every error comes out as a
    /// `ToolFailure`.
    package func call(_ name: String, input: JSONValue, in context: ToolContext) async throws(ToolFailure) -> JSONValue
    {
        guard let tool = tools[name] else {
            throw ToolFailure(.invalidInput, code: "tool_unknown", "There is no tool named '\(name)'.")
        }
        return try await run(tool, input: input, in: context)
    }

    private func run<T: Tool>(_ tool: T, input: JSONValue, in context: ToolContext) async throws(ToolFailure)
        -> JSONValue
    {
        let name = T.descriptor.name
        if let schema = inputs[name], let refusal = ToolContract.refusal(of: input, by: schema, T.descriptor) {
            throw ToolFailure(.invalidInput, code: "input_invalid", refusal)
        }
        let decoded: T.Input
        do {
            decoded = try input.decode(T.Input.self)
        } catch {
            throw ToolFailure(.invalidInput, code: "input_invalid", "The input of '\(name)' does not fit: \(error)")
        }
        do {
            return try JSONValue(encoding: try await tool.call(decoded, in: context))
        } catch let failure as ToolFailure {
            throw failure
        } catch is CancellationError {
            throw ToolFailure(.transient, code: "cancelled", "The call of '\(name)' was cancelled.")
        } catch {
            throw ToolFailure(.permanent, code: "tool_error", "'\(name)' failed: \(error)")
        }
    }
}
