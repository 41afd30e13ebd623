import FoundationEssentials
import Glibc
import TestKit

/// A file system of a few megabytes over a directory, seen only by programs that are started on it: a tmpfs in a mount
/// namespace of its own (and, where the tests are not root, in a user namespace).
package struct SmallDisk: Sendable {
    package let directory: String
    private let holder: TestProgram

    /// `directory` must exist and be empty. The disk is gone with `remove` or with the test process.
    package static func make(_ directory: String, megabytes: Int) async throws -> SmallDisk {
        let space =
            geteuid() == 0
            ? ["unshare", "--mount", "--propagation", "private"]
            : ["unshare", "--mount", "--user", "--map-current-user", "--keep-caps"]
        let script =
            "mount -t tmpfs -o size=\(megabytes)m,mode=755 tmpfs \"$1\" && : >\"$1/.made\" && exec sleep infinity"
        let holder = try await TestProgram.start(space + ["sh", "-c", script, "sh", directory])
        let disk = SmallDisk(directory: directory, holder: holder)
        do {
            try await until("the small disk is there") {
                guard Processes.state(of: holder.pid) ?? "Z" != "Z" else {
                    let words = String(decoding: await holder.read(), as: UTF8.self)
                    throw Overdue("no small disk can be made here: \(words)")
                }
                return access("\(disk.outside)/.made", F_OK) == 0
            }
        } catch {
            await holder.end()
            throw error
        }
        return disk
    }

    /// Words before a program that is to see the disk.
    package var launcher: [String] {
        ["nsenter", "--mount", "--target", "\(holder.pid)"]
            + (geteuid() == 0 ? [] : ["--user", "--preserve-credentials"])
    }

    /// Where programs that do not see the disk find what is on it.
    package var outside: String { "/proc/\(holder.pid)/root\(directory)" }

    /// Leaves not a byte.
    package func fill() async throws {
        let ballast = "\(outside)/.ballast"
        try await TestThread.run {
            let descriptor = open(ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw Overdue("no ballast: \(String(cString: strerror(errno)))") }
            defer { close(descriptor) }
            for size in [1 << 20, 4_096, 1] {
                let block = [UInt8](repeating: 7, count: size)
                while write(descriptor, block, size) == size {}
            }
        }
    }

    package func free() { unlink("\(outside)/.ballast") }

    package func remove() async { await holder.end() }
}
