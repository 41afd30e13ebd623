import Patterns
package import ToolKit
import Workspaces

/// Finds files by name and by what stands in them.
package struct FilesSearch: Tool {
    package struct Input: Codable, Sendable {
        package var path: String?
        package var glob: String?
        /// A literal to find in files.
        package var text: String?
        /// Or a regular expression.
        package var pattern: String?
        package var caseSensitive: Bool?
        /// Lines shown around a match.
        package var context: Int?
        package var limit: Int?

        enum CodingKeys: String, CodingKey {
            case path, glob, text, pattern, context, limit
            case caseSensitive = "case_sensitive"
        }
    }

    package struct Output: Codable, Sendable {
        package struct Match: Codable, Sendable {
            package var path: String
            package var line: Int
            package var column: Int
            package var text: String
            package var before: [String]
            package var after: [String]
        }

        /// Files whose names fit and, where something was looked for, that hold it.
        package var files: [String]
        package var matches: [Match]
        package var filesSearched: Int
        /// Files that are no text, or too large to search.
        package var skipped: [String]
        package var truncated: Bool

        enum CodingKeys: String, CodingKey {
            case files, matches, skipped, truncated
            case filesSearched = "files_searched"
        }
    }

    static let mostMatches = 1_000
    /// Names in an answer.
    static let mostFiles = 2_000
    /// Bytes of one file that is searched.
    static let largestFile = 16 * 1024 * 1024
    /// Bytes of all of them: some seconds of work.
    static let mostBytes = 256 * 1024 * 1024

    package static let descriptor = ToolDescriptor(
        name: "files.search",
        summary: """
            Finds files of the workspace by name ('glob' such as **/*.md) and by content: 'text' (a literal) or \
            'pattern' (a regular expression without back-references), with 'context' lines around each match.
            """,
        effect: .read, timeoutSeconds: 120)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let root = try WorkspacePath(input.path ?? ".")
        let limit = try InputBound.check(input.limit, 1...Self.mostMatches, named: "limit", default: 200)
        let lines = try InputBound.check(input.context, 0...10, named: "context", default: 0)
        let glob = try input.glob.map { text in try Faults.input { try Glob(text) } }
        let query = try Faults.input { try Self.query(input) }
        guard glob != nil || query != nil else {
            throw ToolFailure(.invalidInput, code: "input_invalid", "Give 'glob', 'text' or 'pattern'.")
        }
        let workspace = Workspace(directory: context.directory)
        return try await BlockingWork.run(until: context.deadline) { work in
            var hunt = Hunt(search: query.map { LineSearch($0, context: lines) }, limit: limit)
            try workspace.walk(root, work: work) { entry in
                let relative = Array(entry.path.steps.dropFirst(root.steps.count))
                guard entry.kind == .file, glob.map({ $0.matches(relative) }) ?? true else { return true }
                return try hunt.visit(entry, in: workspace)
            }
            return hunt.output
        }
    }

    private static func query(_ input: Input) throws -> TextQuery? {
        let isSensitive = input.caseSensitive ?? false
        switch (input.text, input.pattern) {
        case (nil, nil): return nil
        case (let text?, nil): return try TextQuery(literal: text, ignoringCase: !isSensitive)
        case (nil, let pattern?): return try TextQuery(pattern: pattern, ignoringCase: !isSensitive)
        default:
            throw ToolFailure(.invalidInput, code: "input_invalid", "Give 'text' or 'pattern', not both.")
        }
    }

    /// One search under way.
    private struct Hunt {
        let search: LineSearch?
        let limit: Int
        var output = Output(files: [], matches: [], filesSearched: 0, skipped: [], truncated: false)
        private var room = FilesSearch.mostBytes
        private var budget = Pattern.Budget()

        init(search: LineSearch?, limit: Int) {
            self.search = search
            self.limit = limit
        }

        /// Whether to go on.
        mutating func visit(_ entry: WorkspaceEntry, in workspace: Workspace) throws -> Bool {
            guard output.files.count < FilesSearch.mostFiles, room > 0 else { return stop() }
            guard let search else {
                output.files.append(entry.path.description)
                return true
            }
            guard entry.size <= FilesSearch.largestFile, let text = try text(entry.path, in: workspace) else {
                if output.skipped.count < 100 { output.skipped.append(entry.path.description) }
                return true
            }
            room -= entry.size
            output.filesSearched += 1
            var hits: [LineSearch.Hit] = []
            let isMore: Bool
            do {
                isMore = try search.search(text, into: &hits, limit: limit - output.matches.count, budget: &budget)
            } catch {
                throw ToolFailure(.invalidInput, code: "search_too_large", "\(error).")
            }
            if !hits.isEmpty || isMore { output.files.append(entry.path.description) }
            output.matches += hits.map { hit in
                Output.Match(
                    path: entry.path.description, line: hit.line, column: hit.column, text: hit.text,
                    before: hit.before, after: hit.after)
            }
            return isMore ? stop() : true
        }

        private mutating func stop() -> Bool {
            output.truncated = true
            return false
        }

        /// `nil` for what is no text or went away meanwhile.
        private func text(_ path: WorkspacePath, in workspace: Workspace) throws -> String? {
            do {
                return try FileText(try workspace.read(path, limit: FilesSearch.largestFile), of: path).text
            } catch {
                guard error.kind == .invalidInput else { throw error }
                return nil
            }
        }
    }
}
