import FoundationEssentials
import Glibc

extension ChildProcess {
    /// A log beyond this is set aside as `.1` at the next start.
    private static let logLimit: off_t = 16 << 20

    static func spawn(_ command: Command) throws(EmbeddedError) -> ChildProcess {
        let log = try openLog(command.log)
        defer { close(log) }
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, log, 1)
        posix_spawn_file_actions_adddup2(&actions, log, 2)
        // A descriptor that is closed meanwhile does no harm: only impossible numbers fail.
        for descriptor in openDescriptors() { posix_spawn_file_actions_addclose(&actions, descriptor) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | sessionFlag
        posix_spawnattr_setflags(&attributes, Int16(flags))

        let arguments = privilegeArguments(command) + [command.executable] + command.arguments
        var environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"]
        environment.merge(command.environment) { $1 }
        var pid: pid_t = 0
        let status = withCStrings(arguments) { argv in
            withCStrings(environment.map { "\($0)=\($1)" }) { envp in
                posix_spawnp(&pid, "setpriv", &actions, &attributes, argv, envp)
            }
        }
        guard status == 0 else {
            throw EmbeddedError(.missing, "cannot run setpriv (package util-linux): \(systemMessage(status))")
        }
        // Ended already: an identity that matches no process stands for it until it is reaped.
        let identity = ProcessIdentity.live(pid) ?? ProcessIdentity(pid: pid, startTicks: 0)
        return ChildProcess(spawned: command, identity: identity)
    }

    /// Runs a short command to its end and throws with its output when it fails.
    static func run(_ command: Command, seconds: Double) throws {
        let child = try start(command, onUnexpectedEnd: { _ in })
        guard poll(seconds: seconds, until: { child.end != nil }) else {
            try child.stop([])
            throw EmbeddedError(
                .notReady, "\(command.name) took longer than \(Int(seconds)) s:\n\(FileText.tail(command.log))")
        }
        guard child.end == .exited(0) else {
            throw EmbeddedError(.notReady, "\(command.name) failed:\n\(FileText.tail(command.log))")
        }
    }

    /// POSIX_SPAWN_SETSID of <spawn.h>; a macro behind a feature test that the importer may not see.
    private static var sessionFlag: Int32 { 0x80 }

    private static func privilegeArguments(_ command: Command) -> [String] {
        var arguments = ["setpriv", "--no-new-privs"]
        if command.user.isSwitched {
            let kept = command.capability.map { ",+\($0)" } ?? ""
            arguments += [
                "--reuid=\(command.user.uid)", "--regid=\(command.user.gid)", "--clear-groups",
                "--inh-caps=-all\(kept)", "--ambient-caps=-all\(kept)",
            ]
        }
        // Postgres looks for its programs by access(2), which counts capabilities of others than root only so.
        if command.user.isSwitched, command.capability != nil { arguments.append("--securebits=+no_setuid_fixup") }
        // setpriv knows signals by name only.
        let names = [SIGINT: "INT", SIGTERM: "TERM", SIGKILL: "KILL", SIGQUIT: "QUIT"]
        if let name = command.signalWhenParentDies.flatMap({ names[$0] }) { arguments.append("--pdeathsig=\(name)") }
        return arguments + ["--", "env", "--chdir=/"]
    }

    private static func openDescriptors() -> [Int32] {
        // Without /proc nothing of this works anyway; the child then keeps what is not marked close-on-exec.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.compactMap { Int32($0) }.filter { $0 > 2 }
    }

    private static func openLog(_ path: String) throws(EmbeddedError) -> Int32 {
        var entry = stat()
        if stat(path, &entry) == 0, entry.st_size > logLimit { rename(path, "\(path).1") }
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard file >= 0 else { throw EmbeddedError(.system, "cannot open \(path): \(systemMessage())") }
        return file
    }

    private static func withCStrings<Value>(
        _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
    ) -> Value {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("an array with an element has an address") }
            return body(base)
        }
    }
}
