import CLinux
import Glibc
package import Sockets
package import ToolKit

/// Reading a persona's workspace from outside, where every name and link may be a trap set by what runs inside.
package struct WorkspaceRoot: Sendable, Hashable {
    /// Host path of the directory that paths are relative to.
    package let path: String

    package init(path: String) { self.path = path }

    /// Opens a regular file below the root for reading. Symbolic links anywhere in the path, `..`, other mounts and
    /// anything but a regular file are refused (openat2 with RESOLVE_BENEATH | NO_SYMLINKS | NO_XDEV | NO_MAGICLINKS).
    package func open(_ file: WorkspaceFile) throws(ToolFailure) -> Descriptor {
        let root = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard root >= 0 else { throw refusal(file, "its directory is not there") }
        let directory = Descriptor(root)
        let flags = UInt64(O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        let resolve = UInt64(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS)
        let raw = file.path.utf8.contains(0) ? -1 : persona_openat2(directory.raw, file.path, flags, resolve)
        guard raw >= 0 else { throw refusal(file, String(cString: strerror(errno))) }
        let opened = Descriptor(raw)
        var status = stat()
        guard fstat(raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw refusal(file, "it is not a regular file")
        }
        return opened
    }

    private func refusal(_ file: WorkspaceFile, _ reason: String) -> ToolFailure {
        ToolFailure(
            .permanent, code: "artifact_refused",
            "The file '\(file.path)' of the workspace cannot be taken out: \(reason).")
    }
}
