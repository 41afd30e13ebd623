import FoundationEssentials
package import ToolKit
import Workspaces

/// Deletes into the trash.
package struct FilesDelete: Tool {
    package struct Input: Codable, Sendable { package var path: String }

    package struct Output: Codable, Sendable {
        package var path: String
        /// For `files.restore`.
        package var trashID: String

        enum CodingKeys: String, CodingKey {
            case path
            case trashID = "trash_id"
        }
    }

    package static let descriptor = ToolDescriptor(
        name: "files.delete",
        summary: """
            Deletes a file, or a folder with all in it, from the workspace. It goes to the run's trash: files.restore \
            with the 'trash_id' of the answer brings it back.
            """,
        effect: .read, timeoutSeconds: 60)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let path = try WorkspacePath(input.path)
        guard !path.isRoot else {
            throw ToolFailure(.invalidInput, code: "path_invalid", "The workspace itself cannot be deleted.")
        }
        let trash = Trash(workspace: Workspace(directory: context.directory))
        return Output(path: path.description, trashID: try trash.delete(path, key: context.effectKey, now: Date()))
    }
}

/// Brings back what was deleted.
package struct FilesRestore: Tool {
    package struct Input: Codable, Sendable {
        package var trashID: String
        /// Where to; by default where it was.
        package var to: String?

        enum CodingKeys: String, CodingKey {
            case to
            case trashID = "trash_id"
        }
    }

    package struct Output: Codable, Sendable { package var path: String }

    package static let descriptor = ToolDescriptor(
        name: "files.restore",
        summary: "Brings back from the trash what files.delete removed, to where it was or to 'to'.",
        effect: .read, timeoutSeconds: 60)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let trash = Trash(workspace: Workspace(directory: context.directory))
        let target = try input.to.map { text throws(ToolFailure) in try WorkspacePath(text) }
        return Output(path: try trash.restore(input.trashID, to: target).description)
    }
}

/// Shows the trash, and empties it.
package struct FilesTrash: Tool {
    package struct Input: Codable, Sendable {
        /// Ids to remove for good.
        package var purge: [String]?
    }

    package struct Output: Codable, Sendable {
        package struct Item: Codable, Sendable {
            package var trashID: String
            package var path: String
            package var deletedAt: String

            enum CodingKeys: String, CodingKey {
                case path
                case trashID = "trash_id"
                case deletedAt = "deleted_at"
            }
        }

        package var items: [Item]
    }

    package static let descriptor = ToolDescriptor(
        name: "files.trash",
        summary: "Lists what files.delete put away; 'purge' with trash ids removes these for good.",
        effect: .read, timeoutSeconds: 120)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let trash = Trash(workspace: Workspace(directory: context.directory))
        return try await BlockingWork.run(until: context.deadline) { work in
            for id in input.purge ?? [] { try trash.purge(id, work: work) }
            return Output(
                items: try trash.items().map { .init(trashID: $0.id, path: $0.note.path, deletedAt: $0.note.deletedAt) }
            )
        }
    }
}
