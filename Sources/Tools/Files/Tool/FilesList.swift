import Patterns
package import ToolKit
import Workspaces

/// Lists a folder of the run's directory.
package struct FilesList: Tool {
    package struct Input: Codable, Sendable {
        package var path: String?
        package var recursive: Bool?
        /// Names to show: `*.csv`, `reports/**/*.pdf`.
        package var glob: String?
        package var limit: Int?
    }

    package struct Output: Codable, Sendable {
        package struct Entry: Codable, Sendable {
            package var path: String
            /// `file`, `folder`, `link` (never followed) or `other`.
            package var kind: String
            package var size: Int
            /// RFC 3339.
            package var modified: String
            package var mediaType: String?

            enum CodingKeys: String, CodingKey {
                case path, kind, size, modified
                case mediaType = "media_type"
            }
        }

        package var path: String
        package var entries: [Entry]
        package var truncated: Bool
    }

    /// Entries of an answer: a model reads them all.
    static let mostEntries = 5_000

    package static let descriptor = ToolDescriptor(
        name: "files.list",
        summary: """
            Lists files and folders of the run's workspace with size, time and type. Optional: 'path' (a folder), \
            'recursive', 'glob' such as *.csv or reports/**/*.pdf, 'limit'.
            """,
        effect: .read, timeoutSeconds: 60)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let path = try WorkspacePath(input.path ?? ".")
        let limit = try InputBound.check(input.limit, 1...Self.mostEntries, named: "limit", default: 500)
        let glob = try input.glob.map { text in try Faults.input { try Glob(text) } }
        let isRecursive = input.recursive ?? (glob != nil)
        let workspace = Workspace(directory: context.directory)
        return try await BlockingWork.run(until: context.deadline) { work in
            var entries: [Output.Entry] = []
            var isTruncated = false
            func take(_ entry: WorkspaceEntry) -> Bool {
                let relative = Array(entry.path.steps.dropFirst(path.steps.count))
                guard glob.map({ $0.matches(relative) }) ?? true else { return true }
                guard entries.count < limit else {
                    isTruncated = true
                    return false
                }
                entries.append(Output.Entry(entry))
                return true
            }
            if isRecursive {
                try workspace.walk(path, work: work) { take($0) }
            } else {
                for entry in try workspace.entries(of: path) where !take(entry) { break }
            }
            return Output(path: path.description, entries: entries, truncated: isTruncated)
        }
    }
}

extension FilesList.Output.Entry {
    init(_ entry: WorkspaceEntry) {
        self.init(
            path: entry.path.description, kind: entry.kind.rawValue, size: entry.size,
            modified: FileKind.time(entry.modified),
            mediaType: entry.kind == .file ? FileKind.mediaType(of: entry.path.name) : nil)
    }
}

/// Faults of patterns and archives as the caller's.
enum Faults {
    static func input<Value>(_ body: () throws -> Value) throws(ToolFailure) -> Value {
        do {
            return try body()
        } catch let failure as ToolFailure {
            throw failure
        } catch {
            throw ToolFailure(.invalidInput, code: "input_invalid", "\(error).")
        }
    }
}
