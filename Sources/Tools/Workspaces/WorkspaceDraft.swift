import CLinux
import Glibc
package import ToolKit

/// A file that is being written beside its name and takes that name as a whole; dropped, it leaves nothing.
///
/// Used by one call at a time.
package final class WorkspaceDraft {
    package let path: WorkspacePath
    private let parent: OpenFile
    private let name: String
    private let file: OpenFile
    private var isCommitted = false
    package private(set) var size = 0

    /// Makes the folders that are missing.
    package init(for path: WorkspacePath, in workspace: Workspace) throws(ToolFailure) {
        guard !path.isRoot else { throw Workspace.notAFile(path) }
        self.path = path
        parent = try workspace.folder(path.parent, making: true)
        name = ".\(path.name).part"
        // One that a call left that died.
        unlinkat(parent.raw, name, 0)
        let raw = openat(parent.raw, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard raw >= 0 else { throw Workspace.refused(path, errno) }
        file = OpenFile(raw)
    }

    deinit { if !isCommitted { unlinkat(parent.raw, name, 0) } }

    package func write(_ bytes: [UInt8]) throws(ToolFailure) {
        let code = file.write(bytes)
        guard code == 0 else { throw Workspace.refused(path, code) }
        size += bytes.count
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(ToolFailure) {
        let code = file.write(bytes)
        guard code == 0 else { throw Workspace.refused(path, code) }
        size += bytes.count
    }

    /// Syncs and renames; an existing file is replaced, or refused without `replacing`.
    package func commit(replacing: Bool = true) throws(ToolFailure) {
        guard fsync(file.raw) == 0 else { throw Workspace.refused(path, errno) }
        guard persona_rename(parent.raw, name, parent.raw, path.name, replacing ? 0 : 1) == 0 else {
            throw Workspace.refused(path, errno)
        }
        isCommitted = true
    }
}
