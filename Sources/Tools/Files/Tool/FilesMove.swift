import Glibc
package import ToolKit
import Workspaces

/// What moving and copying take and answer.
package struct FileTransfer: Codable, Sendable {
    package var from: String
    package var to: String
    package var overwrite: Bool?

    package struct Done: Codable, Sendable, Hashable {
        package var from: String
        package var to: String
        /// Files that are there now.
        package var files: Int
        package var bytes: Int
    }

    func paths() throws(ToolFailure) -> (WorkspacePath, WorkspacePath) {
        let (source, target) = (try WorkspacePath(from), try WorkspacePath(to))
        guard !source.isRoot, !target.isRoot, !source.holds(target) else {
            throw ToolFailure(
                .invalidInput, code: "path_invalid", "'\(from)' cannot go to '\(to)': one lies within the other.")
        }
        return (source, target)
    }
}

/// Moves or renames.
package struct FilesMove: Tool {
    package static let descriptor = ToolDescriptor(
        name: "files.move",
        summary: "Moves or renames a file or folder within the workspace. An existing target needs 'overwrite'.",
        effect: .read, timeoutSeconds: 60)

    package init() {}

    package func call(_ input: FileTransfer, in context: ToolContext) async throws -> FileTransfer.Done {
        let (from, to) = try input.paths()
        let workspace = Workspace(directory: context.directory)
        let receipt = try WorkspaceReceipt.find(context.effectKey, in: workspace)
        guard let status = try workspace.status(from) else {
            // An attempt that died after its rename has left its mark.
            if let receipt, receipt.path == to.description,
                try workspace.status(to).map({ Int($0.st_ino) }) == receipt.mark
            {
                return try await done(from, to, workspace, context)
            }
            throw Workspace.refused(from, ENOENT)
        }
        try WorkspaceReceipt(path: to.description, mark: Int(status.st_ino)).save(context.effectKey, in: workspace)
        try workspace.move(from, to: to, replacing: input.overwrite ?? false)
        return try await done(from, to, workspace, context)
    }

    private func done(
        _ from: WorkspacePath, _ to: WorkspacePath, _ workspace: Workspace, _ context: ToolContext
    ) async throws -> FileTransfer.Done {
        try await BlockingWork.run(until: context.deadline) { work in
            let files = try FileTree(to, in: workspace, work: work).files
            return FileTransfer.Done(
                from: from.description, to: to.description, files: files.count,
                bytes: files.reduce(0) { $0 + $1.size })
        }
    }
}

/// Copies.
package struct FilesCopy: Tool {
    package static let descriptor = ToolDescriptor(
        name: "files.copy",
        summary: "Copies a file, or a folder with all in it, within the workspace. Existing files need 'overwrite'.",
        effect: .read, timeoutSeconds: 300)

    /// Bytes read and written at a time.
    private static let piece = 1024 * 1024

    package init() {}

    package func call(_ input: FileTransfer, in context: ToolContext) async throws -> FileTransfer.Done {
        let (from, to) = try input.paths()
        let workspace = Workspace(directory: context.directory)
        // A repeated attempt meets its own copies.
        let isReplacing = input.overwrite ?? false || context.attempt > 1
        return try await BlockingWork.run(until: context.deadline) { work in
            let tree = try FileTree(from, in: workspace, work: work)
            for folder in tree.folders { _ = try workspace.folder(Self.moved(folder, from, to), making: true) }
            var bytes = 0
            for file in tree.files {
                bytes += try Self.copy(file.path, to: Self.moved(file.path, from, to), isReplacing, workspace, work)
            }
            return FileTransfer.Done(
                from: from.description, to: to.description, files: tree.files.count, bytes: bytes)
        }
    }

    private static func moved(_ path: WorkspacePath, _ from: WorkspacePath, _ to: WorkspacePath) -> WorkspacePath {
        WorkspacePath(trusted: to.steps + path.steps.dropFirst(from.steps.count))
    }

    private static func copy(
        _ from: WorkspacePath, to: WorkspacePath, _ isReplacing: Bool, _ workspace: Workspace, _ work: BlockingWork
    ) throws -> Int {
        let (file, _) = try workspace.file(from)
        let draft = try WorkspaceDraft(for: to, in: workspace)
        while true {
            try work.check()
            guard let bytes = file.read(piece, at: draft.size) else { throw Workspace.refused(from, errno) }
            guard !bytes.isEmpty else { break }
            try draft.write(bytes)
            guard draft.size <= FileTree.mostBytes else { throw FileTree.tooLarge }
        }
        try draft.commit(replacing: isReplacing)
        return draft.size
    }
}

/// What lies at a path and below it, within bounds; links and devices are left out.
struct FileTree {
    /// Files and folders of one call.
    static let mostEntries = 20_000
    /// Bytes of one call.
    static let mostBytes = 2 * 1024 * 1024 * 1024
    static let tooLarge = ToolFailure(
        .invalidInput, code: "tree_too_large",
        "One call takes at most \(mostEntries) files of \(mostBytes) bytes together; take fewer at a time.")

    private(set) var files: [WorkspaceEntry] = []
    private(set) var folders: [WorkspacePath] = []

    init(_ path: WorkspacePath, in workspace: Workspace, work: BlockingWork) throws {
        guard let status = try workspace.status(path) else { throw Workspace.refused(path, ENOENT) }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            files = try workspace.entries(of: path.parent).filter { $0.path == path && $0.kind == .file }
            guard !files.isEmpty else { throw Workspace.refused(path, ELOOP) }
            return
        }
        var found: [WorkspaceEntry] = []
        var inside = [path]
        var bytes = 0
        try workspace.walk(path, work: work) { entry in
            if entry.kind == .folder { inside.append(entry.path) }
            if entry.kind == .file { found.append(entry) }
            bytes += entry.size
            guard found.count + inside.count <= Self.mostEntries, bytes <= Self.mostBytes else { throw Self.tooLarge }
            return true
        }
        (files, folders) = (found, inside)
    }
}
