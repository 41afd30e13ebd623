import Glibc
import Sockets

/// How much a persona's workspace holds, as it lies on the disk.
package enum WorkspaceGauge {
    /// Folders within folders that are followed; whatever is deeper is a trap.
    static let depth = 64

    /// Blocks in bytes; stops counting at `limit` bytes or `entries` files and folders, and says that it is above.
    /// Symbolic links are not followed, other mounts not entered. On a thread of its own.
    package static func isAbove(_ limit: Int, entries: Int, at path: String) async -> Bool {
        let answer = OneShot<Bool>()
        do throws(SocketError) {
            try OwnThread.start(named: "gauge") {
                var count = Count(bytes: limit, entries: entries)
                answer.settle(count.isAbove(path))
            }
        } catch {
            return false  // no thread is to be had: the next look comes soon
        }
        return await answer.value()
    }

    private struct Count {
        var bytes: Int
        var entries: Int

        mutating func isAbove(_ path: String) -> Bool {
            let root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
            guard root >= 0 else { return false }
            var status = stat()
            guard fstat(root, &status) == 0 else {
                close(root)
                return false
            }
            return isAbove(root, device: status.st_dev, left: WorkspaceGauge.depth)
        }

        /// Takes `descriptor` over.
        private mutating func isAbove(_ descriptor: Int32, device: dev_t, left: Int) -> Bool {
            guard let directory = fdopendir(descriptor) else {
                close(descriptor)
                return false
            }
            defer { closedir(directory) }
            while let entry = readdir(directory) {
                let isAbove = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { take($0, in: descriptor, device, left) }
                }
                if isAbove { return true }
            }
            return false
        }

        private mutating func take(
            _ name: UnsafePointer<CChar>, in parent: Int32, _ device: dev_t, _ left: Int
        ) -> Bool {
            if strcmp(name, ".") == 0 || strcmp(name, "..") == 0 { return false }
            var status = stat()
            // Gone meanwhile, or another file system's.
            guard fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_dev == device else {
                return false
            }
            entries -= 1
            bytes -= Int(status.st_blocks) * 512
            if entries < 0 || bytes < 0 { return true }
            guard status.st_mode & S_IFMT == S_IFDIR else { return false }
            guard left > 0 else { return true }
            let child = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
            return child >= 0 && isAbove(child, device: device, left: left - 1)
        }
    }
}
