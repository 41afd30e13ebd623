import FoundationEssentials
import Glibc
import Synchronization

/// Where the services of one installation keep their files:
/// `runtime/` programs, `postgres/` and `mail/` state, `log/`, `run/` sockets, locks and `services.json`.
package struct DataDirectory: Sendable {
    package let root: String
    /// Holds `postgres/`, the unzipped wheel that the bootstrap fetched.
    package let runtime: String
    package let user: ServiceUser
    /// Directory of Unix sockets; `run/`, or a private directory below /tmp when that path is too long for one.
    package let sockets: String

    /// sun_path holds 108 bytes with its terminator (unix(7)).
    static let socketPathLimit = 107
    /// Room below `sockets` for the longest name a service makes there (`mail/dovecot/` and one of Dovecot's own).
    private static let socketNameRoom = 40

    /// Makes the directories that are missing. `runtime` defaults to `PERSONA_RUNTIME`, else `<root>/runtime`.
    package init(_ path: String, runtime: String? = nil) throws(EmbeddedError) {
        try Self.makeDirectory(path, mode: 0o755)
        guard let resolved = realpath(path, nil) else {
            throw EmbeddedError(.path, "cannot resolve \(path): \(systemMessage())")
        }
        defer { free(resolved) }
        root = String(cString: resolved)
        self.runtime = runtime ?? ProcessInfo.processInfo.environment["PERSONA_RUNTIME"] ?? "\(root)/runtime"
        user = try ServiceUser.resolve()
        let run = "\(root)/run"
        try Self.makeDirectory(run, mode: 0o755)
        try Self.makeDirectory("\(root)/log", mode: 0o755)
        if run.utf8.count + Self.socketNameRoom <= Self.socketPathLimit {
            sockets = run
        } else {
            sockets = "/tmp/persona-\(geteuid())-\(Self.hash(root))"
            try Self.makePrivateDirectory(sockets)
        }
    }

    package var run: String { "\(root)/run" }

    func log(_ service: String) -> String { "\(root)/log/\(service).log" }

    /// Makes a directory that belongs to the service account alone.
    func makeServiceDirectory(_ path: String, mode: mode_t = 0o700) throws(EmbeddedError) {
        try Self.makeDirectory(path, mode: mode)
        guard user.isSwitched else { return }
        var entry = stat()
        guard lstat(path, &entry) == 0, entry.st_uid != user.uid else { return }
        try changeOwner(below: path)
    }

    /// Gives a file or a whole tree to the service account.
    func changeOwner(below path: String) throws(EmbeddedError) {
        guard user.isSwitched else { return }
        guard lchown(path, user.uid, user.gid) == 0 else {
            throw EmbeddedError(.system, "cannot give \(path) to \(user.name): \(systemMessage())")
        }
        // A file has no subpaths; that is not an error here.
        for name in (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? [] {
            let file = "\(path)/\(name)"
            guard lchown(file, user.uid, user.gid) == 0 || errno == ENOENT else {
                throw EmbeddedError(.system, "cannot give \(file) to \(user.name): \(systemMessage())")
            }
        }
    }

    static func makeDirectory(_ path: String, mode: mode_t) throws(EmbeddedError) {
        var entry = stat()
        if stat(path, &entry) == 0 {
            guard entry.st_mode & S_IFMT == S_IFDIR else { throw EmbeddedError(.path, "\(path) is not a directory") }
            return
        }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try makeDirectory(String(path[..<slash]), mode: 0o755)
        }
        guard mkdir(path, mode) == 0 || errno == EEXIST else {
            throw EmbeddedError(.path, "cannot make \(path): \(systemMessage())")
        }
        chmod(path, mode)
    }

    /// In a directory that others can write to, only a real directory of our own will do.
    private static func makePrivateDirectory(_ path: String) throws(EmbeddedError) {
        guard mkdir(path, 0o711) == 0 || errno == EEXIST else {
            throw EmbeddedError(.path, "cannot make \(path): \(systemMessage())")
        }
        var entry = stat()
        guard lstat(path, &entry) == 0, entry.st_mode & S_IFMT == S_IFDIR, entry.st_uid == geteuid() else {
            throw EmbeddedError(.path, "\(path) is not a directory of this user; remove it")
        }
        chmod(path, 0o711)
    }

    /// FNV-1a, 64 bits: a short stable name for a long path.
    static func hash(_ text: String) -> String {
        var value: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 {
            value ^= UInt64(byte)
            value = value &* 0x100_0000_01b3
        }
        return String(value, radix: 16)
    }
}

/// One process at a time starts and stops a service of a data directory. The kernel drops the lock with its holder.
final class DirectoryLock: Sendable {
    private let file: Int32
    private let isReleased = Mutex(false)

    init(_ directory: DataDirectory, service: String) throws(EmbeddedError) {
        let path = "\(directory.run)/\(service).lock"
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw EmbeddedError(.system, "cannot open \(path): \(systemMessage())") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let holder = FileText.read(path)?.split(separator: "\n").first.map(String.init) ?? "unknown"
            close(file)
            throw EmbeddedError(
                .held,
                "\(service) of \(directory.root) is run by process \(holder); stop that one or use another data directory"
            )
        }
        let text = Array("\(getpid())\n".utf8)
        ftruncate(file, 0)
        pwrite(file, text, text.count, 0)
    }

    /// After an orderly stop the directory is free, even while the stopped service's object lives on.
    func release() {
        isReleased.withLock { isReleased in
            if !isReleased {
                // Closing alone is not enough: a child between its fork and its exec still holds the descriptor.
                flock(file, LOCK_UN)
                close(file)
            }
            isReleased = true
        }
    }

    deinit { release() }
}
