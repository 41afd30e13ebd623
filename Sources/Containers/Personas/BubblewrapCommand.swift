import Glibc

/// The command line of one bubblewrap sandbox. Pure: what it says is all that differs between machines.
struct BubblewrapCommand {
    /// How the tools come to run as an ordinary user.
    enum Identity: Sendable, Hashable {
        /// bubblewrap sets up as root and `setpriv` then becomes the persona's own user.
        case separate(UInt32)
        /// A user namespace of the platform's own user.
        case namespace
    }

    var identity: Identity
    var directory: PersonaDirectory
    var program: PersonaProgram
    var limits: SandboxLimits
    var groups: [String] = []
    /// The platform's process: the sandbox ends with it.
    var parent: Int32 = getpid()
    /// The filter's descriptor in the child.
    static let filterDescriptor: Int32 = 3
    /// The user inside where a user namespace chooses freely.
    static let insideUser = 10001

    /// From the shell that joins the control groups to the worker itself.
    func arguments(running command: [String]? = nil) -> [String] {
        joining + limiting + ["bwrap"] + walls + files + ["--"] + dropping + (command ?? worker)
    }

    private var joining: [String] {
        // bubblewrap asks to die with its parent, but only once it runs: a platform killed before that would leave a
        // sandbox behind, whose worker then comes to the next platform's socket. So the kernel is asked first, and then
        // whether the parent is still the platform.
        let script =
            "[ $PPID = \"$1\" ] || exit 98; shift; while [ \"$1\" != -- ]; do echo $$ > \"$1/cgroup.procs\" || exit 97; shift; done; shift; exec \"$@\""
        return ["setpriv", "--pdeathsig", "KILL", "--", "/bin/sh", "-c", script, "sh", "\(parent)"] + groups + ["--"]
    }

    private var limiting: [String] {
        [
            "prlimit", "--nofile=\(limits.openFiles)", "--fsize=\(limits.fileBytes)",
            "--core=0", "--memlock=65536",
        ]
    }

    private var walls: [String] {
        let common = [
            "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
            "--die-with-parent", "--new-session", "--hostname", "persona", "--cap-drop", "ALL", "--clearenv",
            "--seccomp", "\(Self.filterDescriptor)",
        ]
        switch identity {
        case .separate:
            return common + ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
        case .namespace:
            return common + ["--unshare-user", "--uid", "\(Self.insideUser)", "--gid", "\(Self.insideUser)"]
        }
    }

    private var files: [String] {
        var list: [String] = ["--ro-bind", "/usr", "/usr"]
        for name in ["bin", "sbin", "lib", "lib32", "lib64"] { list += ["--symlink", "usr/\(name)", "/\(name)"] }
        for path in parents { list += ["--perms", "0755", "--dir", path] }
        for name in Self.etc { list += ["--ro-bind-try", "/etc/\(name)", "/etc/\(name)"] }
        for name in ["passwd", "group", "hosts", "nsswitch.conf", "machine-id"] {
            list += ["--ro-bind", "\(directory.etc)/\(name)", "/etc/\(name)"]
        }
        list += ["--proc", "/proc", "--dev", "/dev"]
        for path in ["/dev/shm", "/tmp"] {
            list += ["--perms", "1777", "--size", "\(limits.temporaryBytes)", "--tmpfs", path]
        }
        for path in program.libraries { list += ["--ro-bind", path, path] }
        list += ["--ro-bind", program.executable, SandboxPath.program]
        list += ["--bind", directory.workspace, SandboxPath.workspace]
        list += ["--bind", directory.run, SandboxPath.run]
        list += ["--remount-ro", "/", "--chdir", "/"]
        for (name, value) in Self.environment { list += ["--setenv", name, value] }
        return list
    }

    /// bubblewrap makes missing parents readable by root alone.
    private var parents: [String] {
        var found: [String] = []
        let deep = ["/etc/ssl/certs", SandboxPath.program, SandboxPath.run] + program.libraries
        for path in deep {
            var parent = ""
            for part in path.split(separator: "/").dropLast() {
                parent += "/\(part)"
                if !found.contains(parent) { found.append(parent) }
            }
        }
        return found
    }

    /// What fonts, TLS, time zones and the loader need; nothing that names the host's people or services.
    private static let etc = [
        "alternatives", "ca-certificates.conf", "chromium", "chromium.d", "fonts", "ld.so.cache", "ld.so.conf",
        "ld.so.conf.d", "libreoffice", "localtime", "mime.types", "pki", "ssl/certs", "timezone",
    ]

    private static let environment = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/tmp"), ("LANG", "C.UTF-8"), ("TMPDIR", "/tmp"),
    ]

    private var dropping: [String] {
        // The kernel counts processes per user and user namespace, so the limit is set where only the persona's count.
        let limiting = ["prlimit", "--nproc=\(limits.processes)"]
        guard case .separate(let user) = identity else { return limiting }
        return limiting + [
            "setpriv", "--reuid", "\(user)", "--regid", "\(user)", "--clear-groups", "--no-new-privs",
            "--inh-caps=-all", "--bounding-set=-all",
        ]
    }

    private var worker: [String] {
        [SandboxPath.program] + program.arguments + [
            "--socket", SandboxPath.workerSocket, "--egress", SandboxPath.egressSocket,
            "--workspace", SandboxPath.workspace,
        ]
    }
}
