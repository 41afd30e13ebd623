package import Domain
import JSONSchema
import ToolKit

/// Tools out of a description of programs in the sandbox:
///
///     tools:
///       count_words:
///         summary: Counts words, lines and bytes of a text.
///         program: /usr/bin/wc
///         arguments: ["{flag}"]
///         stdin: "{text}"
///         output: text
///         effect: read
///         input:
///           text: {type: string}
///           flag: {enum: ["-l", "-w", "-c"]}
///         required: [text, flag]
///
/// Arguments are handed over one by one, never through a shell. `{member}` stands for a member of the input; an argument
/// of which a member is absent is left out, and one that is only `{member}` becomes as many as a list has items.
package enum CommandSource {
    package static let mostTools = 50
    private static let mostArguments = 100
    private static let longestTimeout: Int64 = 600
    private static let members: Set<String> = [
        "summary", "program", "arguments", "stdin", "output", "effect", "input", "required", "timeout_seconds",
        "output_bytes", "environment_secrets",
    ]

    package static func tools(_ document: JSONValue, settings: ForeignSettings) throws(ForeignFault) -> [ForeignTool] {
        guard let described = document["tools"]?.object, !described.isEmpty else {
            throw ForeignFault("/tools", "must be an object of at least one tool")
        }
        guard described.count <= mostTools else { throw ForeignFault("/tools", "has more than \(mostTools) tools") }
        var tools: [ForeignTool] = []
        for (name, value) in described.sorted(by: { $0.key < $1.key }) {
            guard ForeignTool.operation(name) == name else {
                throw ForeignFault("/tools/\(name.asPointerPart)", "must be named in lower-case letters, digits and _")
            }
            if let tool = try tool(name, value, settings) { tools.append(tool) }
        }
        return tools
    }

    private static func tool(_ name: String, _ value: JSONValue, _ settings: ForeignSettings) throws(ForeignFault)
        -> ForeignTool?
    {
        let place = "/tools/\(name)"
        if let stranger = value.object?.keys.sorted().first(where: { !members.contains($0) }) {
            throw ForeignFault("\(place)/\(stranger.asPointerPart)", "is not a member of a command")
        }
        guard let program = value["program"]?.string, program.hasPrefix("/"), !program.contains("\0") else {
            throw ForeignFault("\(place)/program", "must be an absolute path in the sandbox")
        }
        let properties = value["input"]?.object ?? [:]
        let arguments = value["arguments"]?.array ?? []
        let templates = arguments.compactMap(\.string)
        guard templates.count == arguments.count, templates.count <= mostArguments else {
            throw ForeignFault("\(place)/arguments", "must be at most \(mostArguments) texts")
        }
        for (index, template) in (templates + [value["stdin"]?.string ?? ""]).enumerated() {
            for member in ArgumentTemplate(template).members where properties[member] == nil {
                let part = index < templates.count ? "arguments/\(index)" : "stdin"
                throw ForeignFault("\(place)/\(part)", "names '{\(member)}', which is no member of the input")
            }
        }
        guard let output = CommandBinding.Output(rawValue: value["output"]?.string ?? "text") else {
            throw ForeignFault("\(place)/output", "must be json or text")
        }
        let effect = value["effect"]?.string ?? EffectClass.nonIdempotent.rawValue
        guard let effect = EffectClass(rawValue: effect) else {
            throw ForeignFault("\(place)/effect", "must be read, idempotent_by_key, deduplicable or non_idempotent")
        }
        let seconds = value["timeout_seconds"]?.int ?? 60
        guard (1...longestTimeout).contains(seconds) else {
            throw ForeignFault("\(place)/timeout_seconds", "must be from 1 to \(longestTimeout)")
        }
        let bytes = value["output_bytes"]?.int ?? 1_000_000
        guard (1...8_000_000).contains(bytes) else {
            throw ForeignFault("\(place)/output_bytes", "must be from 1 to 8000000")
        }
        let environment = (value["environment_secrets"]?.object ?? [:]).compactMapValues(\.string)
        if let missing = environment.keys.sorted().first(where: { !settings.secrets.contains($0) }) {
            throw ForeignFault("\(place)/environment_secrets/\(missing)", "names a secret that is not given")
        }
        return ForeignTool.make(
            settings, operation: name, summary: value["summary"]?.string ?? "Runs \(program).",
            input: [
                "type": "object", "properties": .object(properties), "required": value["required"] ?? [],
                "additionalProperties": false,
            ],
            output: output == .json ? [:] : ["type": "object", "properties": ["text": ["type": "string"]]],
            binding: ForeignBinding(
                command: CommandBinding(
                    program: program, arguments: templates, stdin: value["stdin"]?.string, output: output,
                    environmentSecrets: environment, outputBytes: Int(bytes)), isRead: effect == .read),
            isRead: effect == .read, access: .execute, secrets: environment.keys.sorted(),
            timeoutSeconds: Int(seconds), usesNetwork: false, outputBytes: Int(bytes) * 2)
    }
}

/// A text with `{member}`s; `{{` and `}}` stand for braces.
package struct ArgumentTemplate: Sendable, Hashable {
    private enum Part: Sendable, Hashable {
        case text(String)
        case member(String)
    }

    private let parts: [Part]

    package init(_ text: String) {
        var parts: [Part] = []
        var plain = ""
        var rest = Substring(text)
        while let character = rest.popFirst() {
            if character == "{" || character == "}", rest.first == character {
                plain.append(character)
                rest.removeFirst()
            } else if character == "{", let end = rest.firstIndex(of: "}") {
                if !plain.isEmpty { parts.append(.text(plain)) }
                plain = ""
                parts.append(.member(String(rest[..<end])))
                rest = rest[rest.index(after: end)...]
            } else {
                plain.append(character)
            }
        }
        if !plain.isEmpty { parts.append(.text(plain)) }
        self.parts = parts
    }

    package var members: [String] {
        parts.compactMap { if case .member(let name) = $0 { name } else { nil } }
    }

    /// The arguments that it becomes: none where a member is absent, and one an item where it is only a list.
    package func filled(_ input: JSONValue) -> [String] {
        if parts.count == 1, case .member(let name) = parts[0], let items = input[name]?.array {
            return items.compactMap(Self.text)
        }
        var filled = ""
        for part in parts {
            switch part {
            case .text(let text): filled += text
            case .member(let name):
                guard let text = input[name].flatMap(Self.text) else { return [] }
                filled += text
            }
        }
        return [filled]
    }

    /// Whether it begins with what the caller says: such an argument could pass for an option.
    package var isOpenAtStart: Bool { if case .member = parts.first { true } else { false } }

    private static func text(_ value: JSONValue) -> String? {
        switch value {
        case .null: nil
        case .string(let text): text
        // Numbers that are none have been refused with the input.
        default: (try? value.canonicalBytes()).map { String(decoding: $0, as: UTF8.self) }
        }
    }
}
