package import Domain
import FoundationEssentials
package import ToolKit
import Workspaces

/// Writes a file as a whole.
package struct FilesWrite: Tool {
    package struct Input: Codable, Sendable {
        package var path: String
        package var text: String?
        /// Bytes, in place of text.
        package var base64: String?
        /// Any JSON, in place of text.
        package var json: JSONValue?
        package var encoding: String?
        /// `replace` (the default) or `fail`.
        package var ifExists: String?
        /// Whether the file is a result of the run that people see.
        package var publish: Bool?

        enum CodingKeys: String, CodingKey {
            case path, text, base64, json, encoding, publish
            case ifExists = "if_exists"
        }
    }

    package struct Output: Codable, Sendable, Hashable {
        package var file: WorkspaceFile
    }

    /// Bytes of one call's content: a call is a frame of at most 16 MiB.
    static let mostBytes = 12 * 1024 * 1024

    package static let descriptor = ToolDescriptor(
        name: "files.write",
        summary: """
            Writes a file of the workspace from 'text', 'json' or 'base64', making folders on the way. An existing file \
            is replaced unless 'if_exists' is 'fail'. With 'publish' people see it as a result of the run.
            """,
        effect: .read, timeoutSeconds: 60)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let path = try WorkspacePath(input.path)
        let bytes = try Self.content(input)
        guard bytes.count <= Self.mostBytes else {
            throw ToolFailure(
                .invalidInput, code: "content_too_large",
                "One call writes at most \(Self.mostBytes) bytes; append the rest.")
        }
        let workspace = Workspace(directory: context.directory)
        guard ["replace", "fail"].contains(input.ifExists ?? "replace") else {
            throw ToolFailure(.invalidInput, code: "input_invalid", "'if_exists' must be 'replace' or 'fail'.")
        }
        let isReplacing = input.ifExists != "fail"
        // The same content is an earlier attempt's work.
        let isRepeat = !isReplacing && context.attempt > 1
        let isDone = isRepeat ? try Self.holds(bytes, path, workspace) : false
        if !isDone { try workspace.write(bytes, to: path, replacing: isReplacing) }
        let file = FileKind.file(path, size: bytes.count)
        if input.publish == true { context.publish(file) }
        return Output(file: file)
    }

    private static func holds(
        _ bytes: [UInt8], _ path: WorkspacePath, _ workspace: Workspace
    ) throws(ToolFailure) -> Bool {
        guard try workspace.status(path) != nil else { return false }
        return try workspace.read(path, limit: mostBytes) == bytes
    }

    private static func content(_ input: Input) throws(ToolFailure) -> [UInt8] {
        let given = [input.text != nil, input.base64 != nil, input.json != nil].count { $0 }
        guard given == 1 else {
            throw ToolFailure(.invalidInput, code: "input_invalid", "Give exactly one of 'text', 'json' and 'base64'.")
        }
        if let text = input.text { return try FileText.encode(text, as: input.encoding ?? "utf-8") }
        if let base64 = input.base64 {
            guard let data = Data(base64Encoded: base64) else {
                throw ToolFailure(.invalidInput, code: "base64_invalid", "'base64' is not Base64 (RFC 4648).")
            }
            return Array(data)
        }
        // A number without a form in JSON cannot have come in as JSON.
        guard let data = try? input.json?.canonicalBytes() else {
            throw ToolFailure(.invalidInput, code: "input_invalid", "'json' cannot be written as JSON.")
        }
        return Array(data) + [0x0A]
    }
}

/// Adds text at the end of a file.
package struct FilesAppend: Tool {
    package struct Input: Codable, Sendable {
        package var path: String
        package var text: String
        package var encoding: String?
    }

    package struct Output: Codable, Sendable {
        package var path: String
        package var size: Int
    }

    /// Bytes that a file may grow to by appending.
    static let mostSize = 1024 * 1024 * 1024

    package static let descriptor = ToolDescriptor(
        name: "files.append",
        summary: """
            Adds 'text' at the end of a file of the workspace, which is made where it is missing; end lines with \\n \
            yourself. A call that is tried again does not add its text twice.
            """,
        effect: .read, timeoutSeconds: 60)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let path = try WorkspacePath(input.path)
        let bytes = try FileText.encode(input.text, as: input.encoding ?? "utf-8")
        let size = try Workspace(directory: context.directory).append(
            bytes, to: path, key: context.effectKey, limit: Self.mostSize)
        return Output(path: path.description, size: size)
    }
}
