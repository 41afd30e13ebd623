import Glibc

/// Files of the run's directory, reached without leaving it: each step of a path is opened without following links.
package struct WorkspaceFiles: Sendable {
    package let directory: String

    package init(directory: String) { self.directory = directory }

    /// The bytes of a regular file; throws `ToolFailure` where the path leaves the directory, is a link, is missing
    /// or is larger than `limit` bytes.
    package func read(_ path: String, limit: Int) throws(ToolFailure) -> [UInt8] {
        let (file, size) = try descriptor(of: path, limit: limit)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: size)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(file, buffer.baseAddress.map { $0 + filled }, buffer.count - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw refused(path, errno) }
            if count == 0 { break }
            filled += count
        }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }

    /// A regular file opened for reading, which the caller closes, and its size; throws as `read` does.
    package func descriptor(of path: String, limit: Int) throws(ToolFailure) -> (file: Int32, size: Int) {
        let (parent, name) = try open(path)
        defer { close(parent) }
        // Without O_NONBLOCK a named pipe would hold the call for ever.
        let file = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw refused(path, errno) }
        do throws(ToolFailure) {
            var status = stat()
            guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                throw ToolFailure(.invalidInput, code: "file_invalid", "'\(path)' is not a regular file.")
            }
            guard status.st_size <= limit else {
                throw ToolFailure(
                    .invalidInput, code: "file_too_large",
                    "'\(path)' has \(status.st_size) bytes; at most \(limit) are allowed.")
            }
            return (file, Int(status.st_size))
        } catch {
            close(file)
            throw error
        }
    }

    /// Writes a file as a whole or not at all: a reader sees the old one or the new one.
    package func write(_ bytes: [UInt8], to path: String) throws(ToolFailure) {
        let (parent, name) = try open(path)
        defer { close(parent) }
        let draft = ".\(name).part"
        unlinkat(parent, draft, 0)
        let file = openat(parent, draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw refused(path, errno) }
        var written = 0
        var failed: Int32 = 0
        while written < bytes.count, failed == 0 {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(file, buffer.baseAddress.map { $0 + written }, buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            if count < 0 { failed = errno } else { written += count }
        }
        if failed == 0, fsync(file) != 0 { failed = errno }
        close(file)
        if failed == 0, renameat(parent, draft, parent, name) != 0 { failed = errno }
        guard failed == 0 else {
            unlinkat(parent, draft, 0)
            let kind: ToolFailure.Kind = failed == ENOSPC || failed == EDQUOT ? .transient : .permanent
            throw ToolFailure(kind, code: "write_failed", "'\(path)' was not written: \(Self.text(failed)).")
        }
    }

    /// The directory that holds `path`'s last component, as a descriptor that the caller closes.
    private func open(_ path: String) throws(ToolFailure) -> (parent: Int32, name: String) {
        let steps = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let name = steps.last, !path.utf8.contains(0), path.utf8.count <= 1_024,
            steps.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
        else {
            throw ToolFailure(
                .invalidInput, code: "path_invalid", "'\(path)' must be relative and stay in the run's directory.")
        }
        var parent = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw refused(directory, errno) }
        for step in steps.dropLast() {
            let next = openat(parent, step, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            let code = errno
            close(parent)
            guard next >= 0 else { throw refused(path, code) }
            parent = next
        }
        return (parent, name)
    }

    private func refused(_ path: String, _ code: Int32) -> ToolFailure {
        switch code {
        case ENOENT: ToolFailure(.invalidInput, code: "file_missing", "There is no file '\(path)'.")
        case ELOOP, ENOTDIR:
            ToolFailure(.invalidInput, code: "path_invalid", "'\(path)' leads through a link or a file.")
        default: ToolFailure(.permanent, code: "file_failed", "'\(path)' cannot be used: \(Self.text(code)).")
        }
    }

    private static func text(_ code: Int32) -> String { strerror(code).map { String(cString: $0) } ?? "error \(code)" }
}
