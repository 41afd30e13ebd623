import Glibc
import MIME
import ToolKit

/// Attachments as files of the run's directory, under names that this program makes.
struct AttachmentFiles {
    /// Decoded bytes of one attachment: 25 MiB.
    static let maximumBytes = 25 * 1024 * 1024
    /// Decoded bytes of all attachments of one message: 50 MiB.
    static let maximumTotalBytes = 50 * 1024 * 1024
    /// Files of one message.
    static let maximumCount = 100
    private static let folder = "attachments"

    let directory: String

    /// Writes what fits; the rest is named in `problems`.
    func write(_ parts: [Part], uid: UInt32) throws -> (written: [WorkspaceFile], problems: [String]) {
        var written: [WorkspaceFile] = []
        var problems: [String] = []
        var total = 0
        for (index, part) in parts.enumerated() {
            let name = part.fileName.flatMap(AttachmentName.display)
            let suffix =
                name.flatMap(AttachmentName.safeExtension) ?? AttachmentName.extension(forMediaType: part.mediaType)
            let shown = name ?? "attachment-\(index + 1).\(suffix)"
            guard written.count < Self.maximumCount else {
                problems.append("more than \(Self.maximumCount) attachments, the rest was left out")
                break
            }
            let data = part.data
            guard data.count <= Self.maximumBytes, total + data.count <= Self.maximumTotalBytes else {
                problems.append("the attachment '\(shown)' (\(data.count) bytes) is too large and was left out")
                continue
            }
            total += data.count
            let path = "\(Self.folder)/\(uid)-\(index + 1).\(suffix)"
            try store(data, at: path)
            written.append(
                WorkspaceFile(
                    path: path, name: shown, mediaType: Self.mediaType(part.mediaType, suffix: suffix), size: data.count
                ))
        }
        return (written, problems)
    }

    /// Reads a file that a step of this run made. Throws `invalidInput` for paths that lead out of the directory.
    func read(_ file: WorkspaceFile, atMost limit: Int) throws -> [UInt8] {
        let parts = file.path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(0) })
        else {
            throw ToolFailure(
                .invalidInput, code: "path_invalid", "'\(file.path)' is no path below the run's directory.")
        }
        var descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        for (index, part) in parts.enumerated() where descriptor >= 0 {
            let flags = index == parts.count - 1 ? O_RDONLY : O_RDONLY | O_DIRECTORY
            // No link is followed: a file in the workspace must not name one outside of it.
            let next = openat(descriptor, part, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
            close(descriptor)
            descriptor = next
        }
        guard descriptor >= 0 else {
            throw ToolFailure(.permanent, code: "file_missing", "The file '\(file.path)' cannot be opened (\(errno)).")
        }
        defer { close(descriptor) }
        return try contents(descriptor, path: file.path, atMost: limit)
    }

    private func contents(_ descriptor: Int32, path: String, atMost limit: Int) throws -> [UInt8] {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw ToolFailure(.invalidInput, code: "path_invalid", "'\(path)' is not a file.")
        }
        guard facts.st_size <= limit else {
            throw ToolFailure(
                .permanent, code: "attachments_too_large", "'\(path)' is too large to be sent: \(limit) bytes are left."
            )
        }
        var result = [UInt8](repeating: 0, count: Int(facts.st_size))
        var offset = 0
        while offset < result.count {
            let count = result.withUnsafeMutableBytes { bytes in
                Glibc.read(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            offset += count
        }
        guard offset == result.count else {
            throw ToolFailure(.permanent, code: "file_missing", "The file '\(path)' cannot be read (\(errno)).")
        }
        return result
    }

    private func store(_ data: [UInt8], at path: String) throws {
        let folder = "\(directory)/\(Self.folder)"
        guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw failure(path) }
        let file = "\(directory)/\(path)"
        // A repeated step writes the same file again.
        guard unlink(file) == 0 || errno == ENOENT else { throw failure(path) }
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var offset = 0
        while offset < data.count {
            let count = data.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(path) }
            offset += count
        }
    }

    private func failure(_ path: String) -> ToolFailure {
        ToolFailure(
            errno == ENOSPC ? .transient : .permanent, code: "workspace_write",
            "The file '\(path)' cannot be written in the workspace (\(errno)).")
    }

    private static let tables = ["csv": "text/csv", "tsv": "text/tab-separated-values"]

    /// Types go into JSON and pages: only the plain form survives. A table is known by its name: mail programs call it
    /// plain text, Excel's or nothing in particular.
    private static func mediaType(_ type: String, suffix: String) -> String {
        if let table = tables[suffix] { return table }
        let plain = type.utf8.allSatisfy {
            ($0 >= 97 && $0 <= 122) || ($0 >= 48 && $0 <= 57) || "/.+-_".utf8.contains($0)
        }
        return plain && type.utf8.count <= 127 && type.contains("/") ? type : "application/octet-stream"
    }
}
