import Glibc
import ToolKit

/// The run's directory. Paths come from outside: no step of one may leave it, by `..` or through a symbolic link.
struct RunDirectory: Sendable {
    /// Absolute.
    let path: String
    /// A picture larger than this does not belong in a report.
    private static let pictureBytes = 32 * 1024 * 1024

    func check(_ file: String, extension suffix: String) throws {
        _ = try steps(of: file)
        guard file.lowercased().hasSuffix(suffix) else {
            throw ToolFailure(.invalidInput, code: "file_name", "The file's name must end with \(suffix).")
        }
    }

    func picture(_ file: String) throws -> [UInt8] {
        let descriptor = try open(file, O_RDONLY)
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ToolFailure(.invalidInput, code: "image_unreadable", "'\(file)' is not a regular file.")
        }
        guard status.st_size <= Self.pictureBytes else {
            throw ToolFailure(
                .invalidInput, code: "image_unreadable", "'\(file)' has more than \(Self.pictureBytes) bytes.")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            filled += count
        }
        return Array(bytes.prefix(filled))
    }

    /// Replaces the file at once: readers see the old one or the new one.
    func write(_ bytes: [UInt8], to file: String) throws {
        let (folder, name) = try parent(of: file, creating: true)
        defer { close(folder) }
        let temporary = ".\(name.utf8.count > 200 ? "report" : name).\(getpid()).\(UInt32.random(in: 0...UInt32.max))"
        let descriptor = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("cannot create", file) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let failure = failure("cannot write", file)
                unlinkat(folder, temporary, 0)
                throw failure
            }
            written += count
        }
        guard renameat(folder, temporary, folder, name) == 0 else {
            let failure = failure("cannot name", file)
            unlinkat(folder, temporary, 0)
            throw failure
        }
    }

    private func open(_ file: String, _ flags: Int32) throws -> Int32 {
        let (folder, name) = try parent(of: file, creating: false)
        defer { close(folder) }
        // Without O_NONBLOCK a named pipe would hold the call for ever.
        let descriptor = openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("cannot open", file) }
        return descriptor
    }

    /// Walks to the folder of `file` without following links.
    private func parent(of file: String, creating: Bool) throws -> (descriptor: Int32, name: String) {
        var steps = try steps(of: file)
        let name = steps.removeLast()
        var folder = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failure("cannot open the run's directory for", file) }
        for step in steps {
            if creating { mkdirat(folder, step, 0o755) }
            let next = openat(folder, step, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            let code = errno
            close(folder)
            errno = code
            guard next >= 0 else { throw failure("cannot open", file) }
            folder = next
        }
        return (folder, name)
    }

    private func steps(of file: String) throws -> [String] {
        let steps = file.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let isSafe = !file.utf8.contains(0) && !steps.contains { $0.isEmpty || $0 == "." || $0 == ".." }
        // Linux takes names of 255 bytes and paths of 4,096.
        guard isSafe, file.utf8.count < 4_000, !steps.isEmpty, steps.allSatisfy({ $0.utf8.count <= 255 }) else {
            throw ToolFailure(
                .invalidInput, code: "path_outside",
                "'\(file.prefix(200))' must be a relative path that stays in the run's directory.")
        }
        return steps
    }

    private func failure(_ action: String, _ file: String) -> ToolFailure {
        let code = errno
        if code == ELOOP || code == ENOTDIR {
            return ToolFailure(
                .invalidInput, code: "path_outside", "'\(file)' leads through a link or something not a folder.")
        }
        let reason = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        let kind: ToolFailure.Kind = code == ENOENT ? .invalidInput : .permanent
        return ToolFailure(kind, code: "file_error", "The platform \(action) '\(file)': \(reason).")
    }
}
