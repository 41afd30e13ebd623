import FoundationEssentials
import Glibc

/// A process told apart from a later one with the same number by its start time (proc(5), field 22 of `stat`).
struct ProcessIdentity: Sendable, Equatable, Codable {
    let pid: Int32
    let startTicks: UInt64

    enum CodingKeys: String, CodingKey {
        case pid
        case startTicks = "start_ticks"
    }

    /// The live process with this number; nil when there is none or only its zombie is left.
    static func live(_ pid: Int32) -> ProcessIdentity? { status(pid)?.identity }

    private static func status(_ pid: Int32) -> (identity: ProcessIdentity, group: Int32)? {
        guard pid > 0, let stat = FileText.read("/proc/\(pid)/stat"), let close = stat.lastIndex(of: ")") else {
            return nil
        }
        // After the name, which may hold anything: state is field 3, process group field 5, start time field 22.
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X", let group = Int32(fields[2]),
            let ticks = UInt64(fields[19])
        else { return nil }
        return (ProcessIdentity(pid: pid, startTicks: ticks), group)
    }

    /// What is left of the process group that this process led: empty while it runs itself.
    var orphans: [ProcessIdentity] {
        guard Self.live(pid) == nil, let entries = try? FileManager.default.contentsOfDirectory(atPath: "/proc") else {
            return []  // without /proc no process could be told from another in the first place
        }
        return entries.compactMap { entry in
            guard let status = Int32(entry).flatMap(Self.status), status.group == pid,
                status.identity.startTicks >= startTicks
            else { return nil }
            return status.identity
        }
    }

    var isRunning: Bool { Self.live(pid) == self }

    /// The command line, one argument an element; empty when it cannot be read.
    var arguments: [String] {
        (FileText.read("/proc/\(pid)/cmdline") ?? "").split(separator: "\0").map(String.init)
    }
}

/// Small text files of the operating system and of our own.
enum FileText {
    /// Reads at most 1 MB: everything read here is far below.
    private static let limit = 1 << 20

    static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < limit {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Replaces the file in one step: a reader sees the old or the new text, never a part.
    static func write(
        _ text: String, to path: String, mode: mode_t = 0o600, owner: ServiceUser? = nil
    ) throws(EmbeddedError) {
        let temporary = "\(path).new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard file >= 0 else { throw EmbeddedError(.system, "cannot write \(temporary): \(systemMessage())") }
        defer { close(file) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw EmbeddedError(.system, "cannot write \(temporary): \(systemMessage())") }
            rest = rest.dropFirst(count)
        }
        fchmod(file, mode)
        if let owner, owner.isSwitched { fchown(file, owner.uid, owner.gid) }
        guard rename(temporary, path) == 0 else {
            throw EmbeddedError(.system, "cannot replace \(path): \(systemMessage())")
        }
    }

    /// The last lines of a log, for error messages.
    static func tail(_ path: String, lines: Int = 12) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "(no log at \(path))" }
        defer { close(file) }
        let window = 8_192
        let size = lseek(file, 0, SEEK_END)
        lseek(file, max(0, size - window), SEEK_SET)
        var buffer = [UInt8](repeating: 0, count: window)
        let count = max(0, Glibc.read(file, &buffer, window))
        let text = String(decoding: buffer[..<count], as: UTF8.self)
        return text.split(separator: "\n").suffix(lines).joined(separator: "\n")
    }
}
