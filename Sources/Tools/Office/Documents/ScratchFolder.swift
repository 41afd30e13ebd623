import FoundationEssentials
import Glibc
import ToolKit

/// A folder that exists for one call.
enum ScratchFolder {
    static func with<Value>(
        _ body: (String) async throws -> Value
    ) async throws -> Value {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/documents-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ToolFailure(.transient, code: "no_scratch", "No temporary folder can be made in \(base).")
        }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { try? FileManager.default.removeItem(atPath: path) }  // the sandbox's /tmp is emptied with it
        return try await body(path)
    }

    /// Copies what a descriptor holds to a file; a converter gets a copy that nothing else can change.
    static func copy(_ file: Int32, size: Int, to path: String) throws {
        let target = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard target >= 0 else { throw full(path) }
        defer { close(target) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var position = 0
        while position < size {
            let count = pread(file, &buffer, min(buffer.count, size - position), position)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            guard write(target, buffer, count) == count else { throw full(path) }
            position += count
        }
    }

    private static func full(_ path: String) -> ToolFailure {
        ToolFailure(.transient, code: "no_scratch", "There is no room for a temporary copy of the file.")
    }
}

extension ScratchFolder {
    /// A file that a program left in the folder.
    static func bytes(_ path: String, limit: Int) throws -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { throw ToolFailure(.permanent, code: "no_result", "The program left no result.") }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_size <= limit else {
            throw ToolFailure(.invalidInput, code: "result_too_large", "The result has more than \(limit >> 20) MB.")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var position = 0
        while position < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                pread(file, $0.baseAddress?.advanced(by: position), $0.count - position, position)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            position += count
        }
        return Array(bytes.prefix(position))
    }
}
