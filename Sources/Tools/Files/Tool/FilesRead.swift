import FoundationEssentials
import Patterns
package import ToolKit
import Workspaces

/// Reads a file's text, by lines, or its bytes.
package struct FilesRead: Tool {
    package struct Input: Codable, Sendable {
        package var path: String
        /// `auto` (the default), a character set's name, or `base64` for bytes.
        package var encoding: String?
        /// From 1.
        package var firstLine: Int?
        package var lines: Int?
        /// Of bytes with `base64`.
        package var offset: Int?
        package var maxBytes: Int?

        enum CodingKeys: String, CodingKey {
            case path, encoding, lines, offset
            case firstLine = "first_line"
            case maxBytes = "max_bytes"
        }
    }

    package struct Output: Codable, Sendable {
        package var path: String
        /// Bytes of the whole file.
        package var size: Int
        package var mediaType: String
        package var encoding: String
        package var text: String
        package var firstLine: Int?
        package var lines: Int?
        package var totalLines: Int?
        /// More follows: ask again from `next_line` or `next_offset`.
        package var truncated: Bool
        package var nextLine: Int?
        package var nextOffset: Int?

        enum CodingKeys: String, CodingKey {
            case path, size, encoding, text, lines, truncated
            case mediaType = "media_type"
            case firstLine = "first_line"
            case totalLines = "total_lines"
            case nextLine = "next_line"
            case nextOffset = "next_offset"
        }
    }

    /// Bytes of a file that is read as text; larger ones are searched, queried or read as bytes.
    static let mostText = 32 * 1024 * 1024
    /// Bytes of an answer.
    static let mostAnswer = 1024 * 1024
    static let usualAnswer = 200 * 1024

    package static let descriptor = ToolDescriptor(
        name: "files.read",
        summary: """
            Reads a text file of the workspace (any common encoding, found by itself), whole or from 'first_line' for \
            'lines' lines; with encoding 'base64' its bytes from 'offset'. Long answers are cut and say where to go on.
            """,
        effect: .read, timeoutSeconds: 60)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let path = try WorkspacePath(input.path)
        let most = try InputBound.check(
            input.maxBytes, 1...Self.mostAnswer, named: "max_bytes", default: Self.usualAnswer)
        let first = try InputBound.check(input.firstLine, 1...Int.max, named: "first_line", default: 1)
        let lines = try InputBound.check(input.lines, 1...1_000_000, named: "lines", default: 1_000_000)
        let offset = try InputBound.check(input.offset, 0...Int.max, named: "offset", default: 0)
        let workspace = Workspace(directory: context.directory)
        let encoding = input.encoding ?? "auto"
        return try await BlockingWork.run(until: context.deadline) { _ in
            if encoding.lowercased() == "base64" {
                return try Self.bytes(of: path, in: workspace, from: offset, most: most)
            }
            let bytes = try workspace.read(path, limit: Self.mostText)
            let text =
                encoding == "auto" ? try FileText(bytes, of: path) : try FileText(bytes, encoding: encoding)
            return Self.text(text, of: path, size: bytes.count, from: first, lines: lines, most: most)
        }
    }

    private static func bytes(
        of path: WorkspacePath, in workspace: Workspace, from offset: Int, most: Int
    ) throws(ToolFailure) -> Output {
        let (file, size) = try workspace.file(path)
        let start = min(offset, size)
        let count = min(most, size - start)
        guard let bytes = file.read(count, at: start) else {
            throw ToolFailure(.permanent, code: "file_failed", "'\(path)' cannot be read.")
        }
        let end = start + bytes.count
        return Output(
            path: path.description, size: size, mediaType: FileKind.mediaType(of: path.name), encoding: "base64",
            text: Data(bytes).base64EncodedString(), truncated: end < size, nextOffset: end < size ? end : nil)
    }

    private static func text(
        _ text: FileText, of path: WorkspacePath, size: Int, from first: Int, lines: Int, most: Int
    ) -> Output {
        let all = LineSearch.lines(of: text.text)
        var room = most
        var taken: [Substring] = []
        for line in all.dropFirst(first - 1).prefix(lines) {
            guard room > line.utf8.count || taken.isEmpty else { break }
            // A single line beyond the bound is cut: there is no smaller piece to ask for.
            let clipped =
                line.utf8.count > most ? Substring(String(decoding: line.utf8.prefix(most), as: UTF8.self)) : line
            taken.append(clipped)
            room -= clipped.utf8.count + 1
        }
        let end = first - 1 + taken.count
        let isCut = end < all.count && taken.count < lines
        return Output(
            path: path.description, size: size, mediaType: FileKind.mediaType(of: path.name),
            encoding: text.encoding, text: taken.joined(separator: "\n"), firstLine: first, lines: taken.count,
            totalLines: all.count, truncated: isCut, nextLine: isCut ? end + 1 : nil)
    }
}
