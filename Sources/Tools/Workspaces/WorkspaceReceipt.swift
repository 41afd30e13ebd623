import CLinux
import FoundationEssentials
import Glibc
package import ToolKit

/// What a call notes before it changes a file in a way that does not bear repeating, so that its next attempt, under
/// the same effect key, finds what the first one did.
package struct WorkspaceReceipt: Codable, Sendable, Hashable {
    /// What was changed.
    package var path: String
    /// Of an append: where it began. Of a move: the inode of what was moved.
    package var mark: Int

    package init(path: String, mark: Int) {
        self.path = path
        self.mark = mark
    }

    /// Bytes of a receipt: two short members.
    private static let largest = 8 * 1024

    private static func place(_ key: String) -> WorkspacePath {
        WorkspacePath(trusted: [WorkspacePath.reserved, "receipts", EffectName.of(key)])
    }

    package static func find(_ key: String, in workspace: Workspace) throws(ToolFailure) -> WorkspaceReceipt? {
        let path = place(key)
        guard try workspace.status(path) != nil else { return nil }
        let bytes = try workspace.read(path, limit: largest)
        // One that cannot be read was cut off before anything was changed.
        return try? JSONDecoder().decode(WorkspaceReceipt.self, from: Data(bytes))
    }

    package func save(_ key: String, in workspace: Workspace) throws(ToolFailure) {
        guard let data = try? JSONEncoder().encode(self) else { return }  // two plain members always encode
        try workspace.write(Array(data), to: Self.place(key))
    }
}

/// A file name out of an effect key.
package enum EffectName {
    /// 16 hexadecimal digits: FNV-1a, 64 bits. Names within one run's directory: a clash needs billions of calls.
    package static func of(_ key: String) -> String {
        let hash = key.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 as UInt64 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension Workspace {
    /// Adds `bytes` at the end of a file, which is made where it is missing, once for each `key`. Answers the size.
    package func append(
        _ bytes: [UInt8], to path: WorkspacePath, key: String, limit: Int
    ) throws(ToolFailure) -> Int {
        guard !path.isRoot else { throw Self.notAFile(path) }
        let parent = try folder(path.parent, making: true)
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        let raw = openat(parent.raw, path.name, flags, 0o644)
        guard raw >= 0 else { throw Self.refused(path, errno) }
        let file = OpenFile(raw)
        guard let status = file.status(), status.st_mode & S_IFMT == S_IFREG else { throw Self.notAFile(path) }
        var size = Int(status.st_size)
        if let receipt = try WorkspaceReceipt.find(key, in: self), receipt.path == path.description,
            receipt.mark <= size, let there = file.read(bytes.count, at: receipt.mark)
        {
            if there == bytes { return size }
            // The end of an attempt that died while it wrote.
            if bytes.starts(with: there), receipt.mark + there.count == size {
                guard ftruncate(raw, off_t(receipt.mark)) == 0 else { throw Self.refused(path, errno) }
                size = receipt.mark
            }
        }
        guard size + bytes.count <= limit else {
            throw ToolFailure(
                .invalidInput, code: "file_too_large", "'\(path)' would grow beyond \(limit) bytes by this.")
        }
        try WorkspaceReceipt(path: path.description, mark: size).save(key, in: self)
        guard lseek(raw, off_t(size), SEEK_SET) == size else { throw Self.refused(path, errno) }
        let code = file.write(bytes)
        guard code == 0, fsync(raw) == 0 else {
            let failed = code == 0 ? errno : code
            ftruncate(raw, off_t(size))
            throw Self.refused(path, failed)
        }
        return size + bytes.count
    }
}
