package import Domain

/// The tools that one process can run, by name.
package struct ToolRegistry: Sendable {
    private let tools: [String: any Tool]

    package init(_ tools: [any Tool]) {
        self.tools = Dictionary(tools.map { (type(of: $0).descriptor.name, $0) }) { _, last in last }
    }

    /// Sorted by name.
    package var descriptors: [ToolDescriptor] {
        tools.values.map { type(of: $0).descriptor }.sorted { $0.name < $1.name }
    }

    package func descriptor(named name: String) -> ToolDescriptor? {
        tools[name].map { type(of: $0).descriptor }
    }

    /// Decodes `input`, calls the tool and encodes its output. Every error comes out as a `ToolFailure`.
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
