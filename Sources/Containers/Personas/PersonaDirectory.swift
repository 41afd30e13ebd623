package import Domain
import FoundationEssentials
import Glibc

/// A persona's place on the host: `<data>/personas/<tenant>/<persona>/{workspace,run,etc}`, named by UUIDs alone.
package struct PersonaDirectory: Sendable, Hashable {
    package let path: String
    /// The user id that owns the workspace and runs the tools.
    package let user: UInt32

    package var workspace: String { path + "/workspace" }
    package var run: String { path + "/run" }
    package var etc: String { path + "/etc" }
    package var workerSocket: String { run + "/worker.sock" }
    package var egressSocket: String { run + "/egress.sock" }

    /// First of the user ids that personas get where the platform is root: far above people and system users.
    private static let firstUser: UInt32 = 0x1000_0000

    /// Makes what is missing, readable by nobody else. With `ownUser`, which only root can do, every persona gets a
    /// user id of its own, derived from its ids: 28 bits, where a clash of two personas costs one of several walls
    /// between them.
    package static func prepare(
        data: String, tenant: TenantID, persona: PersonaID, ownUser: Bool
    ) throws(SandboxError) -> Self {
        let user = ownUser ? firstUser | (digest("\(tenant)/\(persona)") & 0x0FFF_FFFF) : geteuid()
        let directory = Self(path: "\(data)/personas/\(tenant)/\(persona)", user: user)
        do {
            try FileManager.default.createDirectory(
                atPath: directory.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw SandboxError(code: "data_unwritable", "cannot make \(directory.path): \(error)")
        }
        for part in [directory.workspace, directory.run, directory.etc] {
            guard mkdir(part, 0o700) == 0 || errno == EEXIST else { throw failure("make", part) }
        }
        for part in [directory.workspace, directory.run] where ownUser {
            guard chown(part, user, user) == 0 else { throw failure("hand over", part) }
        }
        try directory.writeAccounts()
        return directory
    }

    /// Lets the persona's user connect to a socket in `run`.
    package func handOver(socket: String) throws(SandboxError) {
        guard chmod(socket, 0o600) == 0 else { throw Self.failure("protect", socket) }
        guard user == geteuid() || chown(socket, user, user) == 0 else { throw Self.failure("hand over", socket) }
    }

    /// Programs look up who they are and what `localhost` is; the host's own files say too much.
    private func writeAccounts() throws(SandboxError) {
        let files = [
            "passwd": "persona:x:\(user):\(user):persona:/tmp:/bin/sh\ninside:x:10001:10001:persona:/tmp:/bin/sh\n",
            "group": "persona:x:\(user):\ninside:x:10001:\n",
            "hosts": "127.0.0.1 localhost\n::1 localhost\n",
            "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
            "machine-id": "00000000000000000000000000000000\n",
        ]
        for (name, text) in files {
            let file = "\(etc)/\(name)"
            do {
                try Data(text.utf8).write(to: URL(filePath: file))
            } catch {
                throw SandboxError(code: "data_unwritable", "cannot write \(file): \(error)")
            }
            chmod(file, 0o644)
        }
        chmod(etc, 0o755)
    }

    private static func failure(_ verb: String, _ path: String) -> SandboxError {
        SandboxError(code: "data_unwritable", "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }

    /// FNV-1a, 32 bits.
    static func digest(_ text: String) -> UInt32 {
        text.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
    }
}
