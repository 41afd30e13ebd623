import FoundationEssentials
import Glibc
import ToolKit
import Workspaces

/// What was deleted in a run's directory and can be had back. Ids come from the effect key, so that a repeated attempt
/// finds what the first one put away.
struct Trash {
    struct Note: Codable, Sendable {
        var path: String
        /// RFC 3339.
        var deletedAt: String

        enum CodingKeys: String, CodingKey {
            case path
            case deletedAt = "deleted_at"
        }
    }

    /// Deleted things of one run that are kept; the listing stays short.
    static let mostItems = 1_000
    private static let largestNote = 8 * 1024

    let workspace: Workspace

    private static let root = WorkspacePath(trusted: [WorkspacePath.reserved, "trash"])
    private func content(_ id: String) -> WorkspacePath { Self.root.appending(id).appending("content") }
    private func note(_ id: String) -> WorkspacePath { Self.root.appending(id).appending("note.json") }

    func delete(_ path: WorkspacePath, key: String, now: Date) throws -> String {
        let id = EffectName.of("\(key) \(path)")
        if try workspace.status(content(id)) != nil, try workspace.status(path) == nil { return id }
        guard try workspace.status(path) != nil else { throw Workspace.refused(path, ENOENT) }
        guard try ids().count < Self.mostItems else {
            throw ToolFailure(
                .invalidInput, code: "trash_full",
                "The trash holds \(Self.mostItems) things; empty it with files.trash and 'purge' first.")
        }
        let text = try JSONEncoder().encode(Note(path: path.description, deletedAt: now.formatted(.iso8601)))
        try workspace.write(Array(text), to: note(id))
        try workspace.move(path, to: content(id), replacing: false)
        return id
    }

    func restore(_ id: String, to: WorkspacePath?) throws -> WorkspacePath {
        let note = try read(id)
        let target = try to ?? WorkspacePath(note.path)
        if try workspace.status(content(id)) == nil, try workspace.status(target) != nil {
            // An attempt that died between the two steps.
            try drop(id)
            return target
        }
        try workspace.move(content(id), to: target, replacing: false)
        try drop(id)
        return target
    }

    /// Newest last, by id within one second.
    func items() throws -> [(id: String, note: Note)] {
        try ids().compactMap { id in
            guard try workspace.status(content(id)) != nil else { return nil }
            return (id, try read(id))
        }.sorted { ($0.note.deletedAt, $0.id) < ($1.note.deletedAt, $1.id) }
    }

    func purge(_ id: String, work: BlockingWork) throws {
        _ = try read(id)
        try workspace.removeTree(Self.root.appending(id), work: work)
    }

    private func drop(_ id: String) throws {
        try workspace.remove(note(id), isFolder: false)
        try workspace.remove(Self.root.appending(id), isFolder: true)
    }

    private func ids() throws -> [String] {
        guard try workspace.status(Self.root) != nil else { return [] }
        return try workspace.entries(of: Self.root).filter { $0.kind == .folder }.map(\.path.name)
    }

    private func read(_ id: String) throws -> Note {
        let isPlain = id.utf8.count == 16 && id.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        guard isPlain, try workspace.status(note(id)) != nil else { throw Self.missing(id) }
        let data = Data(try workspace.read(note(id), limit: Self.largestNote))
        // One that is damaged is as good as gone.
        guard let note = try? JSONDecoder().decode(Note.self, from: data) else { throw Self.missing(id) }
        return note
    }

    private static func missing(_ id: String) -> ToolFailure {
        ToolFailure(
            .invalidInput, code: "trash_missing", "The trash holds nothing with the id '\(id.prefix(40))'.")
    }
}
