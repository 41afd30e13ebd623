package import Domain
package import ToolKit
import Workspaces

/// Fills a template in the expression language of graphs.
package struct TextTemplate: Tool {
    package struct Input: Codable, Sendable {
        /// Text, or any JSON with `${…}` in its texts.
        package var template: JSONValue?
        package var templatePath: String?
        package var values: [String: JSONValue]
        package var saveTo: String?
        package var publish: Bool?

        enum CodingKeys: String, CodingKey {
            case template, values, publish
            case templatePath = "template_path"
            case saveTo = "save_to"
        }
    }

    package struct Output: Codable, Sendable {
        package var result: JSONValue?
        package var file: WorkspaceFile?
    }

    package static let descriptor = ToolDescriptor(
        name: "text.template",
        summary: """
            Fills ${expressions} in a template (a text, JSON, or a file) from 'values': ${customer.name}, \
            ${upper(title)}, ${join(pluck(items, 'name'), ', ')}; the language of graphs. $${ stands for ${ itself.
            """,
        effect: .read, timeoutSeconds: 60)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        guard (input.template == nil) != (input.templatePath == nil) else {
            throw TextSource.invalid("Give either 'template' or 'template_path'.")
        }
        let json: JSONValue
        if let path = input.templatePath {
            json = .string(try TextSource.read(nil, path, named: "template", in: context))
        } else {
            json = input.template ?? .null
        }
        let value = try Self.filled(json, input.values)
        guard let saveTo = input.saveTo else { return Output(result: value) }
        let path = try WorkspacePath(saveTo)
        let bytes = try value.string.map { Array($0.utf8) } ?? Array(value.canonicalBytes())
        try Workspace(directory: context.directory).write(bytes, to: path)
        let file = WorkspaceFile(
            path: path.description, name: path.name, mediaType: value.string == nil ? "application/json" : "text/plain",
            size: bytes.count)
        if input.publish == true { context.publish(file) }
        return Output(file: file)
    }

    static func filled(_ json: JSONValue, _ values: [String: JSONValue]) throws(ToolFailure) -> JSONValue {
        var faults: [String] = []
        let template = Template(json, at: JSONPointer()) { pointer, fault in faults.append("\(pointer): \(fault)") }
        // A misspelt name would silently give nothing.
        for root in template.roots.sorted() where values[root] == nil { faults.append("there is no value '\(root)'") }
        guard faults.isEmpty else {
            throw ToolFailure(
                .invalidInput, code: "template_invalid",
                "The template cannot be filled: \(faults.prefix(10).joined(separator: "; ")).")
        }
        do {
            return try template.rendered(in: ExpressionScope(values))
        } catch {
            throw ToolFailure(.invalidInput, code: "template_failed", "The template cannot be filled: \(error).")
        }
    }
}
