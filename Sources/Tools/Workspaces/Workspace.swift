import CLinux
package import Glibc
package import ToolKit

/// The files of a run's directory, reached without leaving it: each step of a path is opened without following links,
/// so that no link, however it is swapped meanwhile, leads anywhere else.
///
/// Every error is a `ToolFailure`.
package struct Workspace: Sendable {
    package let directory: String

    package init(directory: String) { self.directory = directory }

    /// The directory at `path`; `making` makes what is missing.
    package func folder(_ path: WorkspacePath, making: Bool = false) throws(ToolFailure) -> OpenFile {
        let root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw Self.refused(path, errno) }
        var parent = OpenFile(root)
        for step in path.steps {
            if making { mkdirat(parent.raw, step, 0o755) }
            let next = openat(parent.raw, step, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard next >= 0 else { throw Self.refused(path, errno) }
            parent = OpenFile(next)
        }
        return parent
    }

    /// A regular file, for reading.
    package func file(_ path: WorkspacePath) throws(ToolFailure) -> (file: OpenFile, size: Int) {
        guard !path.isRoot else { throw Self.notAFile(path) }
        let parent = try folder(path.parent)
        // Non-blocking: a pipe in a file's place must not hold the call.
        let raw = openat(parent.raw, path.name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard raw >= 0 else { throw Self.refused(path, errno) }
        let file = OpenFile(raw)
        guard let status = file.status() else { throw Self.refused(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Self.notAFile(path) }
        return (file, Int(status.st_size))
    }

    /// The bytes of a regular file of at most `limit` bytes.
    package func read(_ path: WorkspacePath, limit: Int) throws(ToolFailure) -> [UInt8] {
        let (file, size) = try file(path)
        guard size <= limit else {
            throw ToolFailure(
                .invalidInput, code: "file_too_large", "'\(path)' has \(size) bytes; at most \(limit) are allowed.")
        }
        guard let bytes = file.read(size, at: 0) else { throw Self.refused(path, errno) }
        return bytes
    }

    /// Writes a file as a whole or not at all: a reader sees the old one or the new one. Makes missing folders.
    package func write(_ bytes: [UInt8], to path: WorkspacePath, replacing: Bool = true) throws(ToolFailure) {
        let draft = try WorkspaceDraft(for: path, in: self)
        try draft.write(bytes)
        try draft.commit(replacing: replacing)
    }

    /// What stands at `path`, links not followed; `nil` for nothing.
    package func status(_ path: WorkspacePath) throws(ToolFailure) -> stat? {
        var status = stat()
        guard !path.isRoot else { return try folder(path).status() }
        let parent: OpenFile
        do {
            parent = try folder(path.parent)
        } catch {
            if error.code == "file_missing" { return nil }
            throw error
        }
        guard fstatat(parent.raw, path.name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return nil }
            throw Self.refused(path, errno)
        }
        return status
    }

    /// Renames within the workspace. Without `replacing` an existing target is refused.
    package func move(_ from: WorkspacePath, to: WorkspacePath, replacing: Bool) throws(ToolFailure) {
        let source = try folder(from.parent)
        let target = try folder(to.parent, making: true)
        // RENAME_NOREPLACE is 1 (renameat2(2)).
        guard persona_rename(source.raw, from.name, target.raw, to.name, replacing ? 0 : 1) == 0 else {
            throw Self.refused(errno == ENOENT ? from : to, errno)
        }
    }

    /// Removes one file, link or empty folder.
    package func remove(_ path: WorkspacePath, isFolder: Bool) throws(ToolFailure) {
        let parent = try folder(path.parent)
        guard unlinkat(parent.raw, path.name, isFolder ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT else {
            throw Self.refused(path, errno)
        }
    }

    static func notAFile(_ path: WorkspacePath) -> ToolFailure {
        ToolFailure(.invalidInput, code: "file_invalid", "'\(path)' is not a regular file.")
    }

    package static func refused(_ path: WorkspacePath, _ code: Int32) -> ToolFailure {
        switch code {
        case ENOENT: ToolFailure(.invalidInput, code: "file_missing", "There is no file or folder '\(path)'.")
        case EEXIST, ENOTEMPTY: ToolFailure(.invalidInput, code: "file_exists", "'\(path)' is there already.")
        case ELOOP, ENOTDIR:
            ToolFailure(.invalidInput, code: "path_invalid", "'\(path)' leads through a link or a file.")
        case EISDIR: ToolFailure(.invalidInput, code: "file_invalid", "'\(path)' is a folder.")
        case EINVAL: ToolFailure(.invalidInput, code: "path_invalid", "'\(path)' lies within what it would replace.")
        case ENAMETOOLONG: ToolFailure(.invalidInput, code: "path_invalid", "'\(path)' has a name that is too long.")
        case ENOSPC, EDQUOT:
            ToolFailure(.transient, code: "workspace_full", "'\(path)' was not written: the workspace is full.")
        case EFBIG:
            ToolFailure(.permanent, code: "file_too_large", "'\(path)' grew beyond what a file may hold here.")
        default:
            ToolFailure(.permanent, code: "file_failed", "'\(path)' cannot be used: \(text(code)).")
        }
    }

    private static func text(_ code: Int32) -> String { strerror(code).map { String(cString: $0) } ?? "error \(code)" }
}
