import Domain
import Egress
import EscapeAttempts
import FoundationEssentials
import Glibc
import PersonaContainers
import Sockets
import Synchronization
import Testing

/// What a hostile program inside a sandbox tries, and what is there to be reached for outside.
@Suite(.timeLimit(.minutes(10))) struct HoldTests {
    /// Things outside that are really there.
    private struct Outside {
        let directory: String
        let socketPath: String
        let abstractName = "persona-escape-\(PersonaID.new())"
        let port: Int
        let memoryKey = Int32.random(in: 1 ... .max)
        private let memory: Int32
        private let held: [Descriptor]
        private let listener: LoopbackListener

        init(_ directory: String) throws {
            self.directory = directory
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            socketPath = "\(directory)/outside.sock"
            let file = try UnixSocket.listen(at: socketPath)
            chmod(socketPath, 0o777)
            listener = try LoopbackListener()
            port = Int(listener.port)
            memory = shmget(memoryKey, 4096, Int32(IPC_CREAT) | 0o666)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let name = Array(abstractName.utf8)
            withUnsafeMutableBytes(of: &address.sun_path) { $0[1...].copyBytes(from: name) }
            let abstract = Descriptor(socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
            let size = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.count)
            let isBound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(abstract.raw, $0, size) == 0 }
            }
            try #require(isBound && Glibc.listen(abstract.raw, 8) == 0 && memory >= 0)
            held = [file, abstract]
        }

        var input: JSONValue {
            [
                "directory": .string(directory), "socket": .string(socketPath),
                "abstractSocket": .string(abstractName), "port": .int(Int64(port)),
                "memoryKey": .int(Int64(memoryKey)), "process": .int(Int64(getpid())),
            ]
        }

        func end() {
            shmctl(memory, Int32(IPC_RMID), nil)
            unlink(socketPath)
        }
    }

    /// gVisor's own kernel grants these within itself: nothing of the machine's is reached by them.
    private static let withinOwnKernel: Set = [
        "trace_own_child", "jump_the_queue", "be_spared_when_memory_is_out", "open_devices", "make_ring",
        "read_kernel_log",
    ]

    @Test(arguments: Engine.all) func noAttemptGetsOut(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let outside = try Outside(harness.data)
            defer { outside.end() }
            let result = try await harness.call("test.escape", outside.input, timeout: 240)
            let out = Set(result.output["out"]?.array?.compactMap(\.string) ?? ["no answer"])
            #expect(out.subtracting(engine == .gVisor ? Self.withinOwnKernel : []) == [])
            #expect((result.output["made"]?.int ?? 0) >= 60)
        }
    }

    /// The same attempts, where they do no harm, by a process outside: they would be seen if they succeeded.
    @Test func attemptsSucceedWhereNothingHoldsThem() throws {
        let outside = try Outside("/tmp/persona-escape-\(PersonaID.new())")
        defer {
            outside.end()
            try? FileManager.default.removeItem(atPath: outside.directory)  // a left-over in /tmp does no harm
        }
        var out: Set<String> = []
        outside.directory.withCString { directory in
            outside.socketPath.withCString { socket in
                outside.abstractName.withCString { abstract in
                    var given = persona_outside(
                        directory: directory, socket: socket, abstract_socket: abstract, port: Int32(outside.port),
                        memory_key: outside.memoryKey, process: getpid())
                    var name: UnsafePointer<CChar>?
                    for number in Int32(0)..<200 where persona_escape_is_harmless(number) == 1 {
                        if persona_escape(number, &given, &name) == persona_out, let name {
                            out.insert(String(cString: name))
                        }
                    }
                }
            }
        }
        let everywhere: Set = [
            "see_personas_files", "see_personas_files_through_processes", "reach_host_socket", "reach_abstract_socket",
            "reach_host_port", "attach_shared_memory", "see_host_process", "trace_own_child", "allow_new_privileges",
        ]
        #expect(everywhere.subtracting(out).isEmpty)
        let asRoot: Set = [
            "raise_capabilities", "read_passwords", "set_core_pattern", "open_by_handle", "jump_the_queue",
            "become_root",
        ]
        #expect(geteuid() != 0 || asRoot.subtracting(out).isEmpty, "\(out.sorted())")
    }

    @Test(arguments: Engine.all) func scriptsHold(engine: Engine) async throws {
        let scripts = EscapeScripts.all.filter { engine != .gVisor || !EscapeScripts.ofTheKernelItself.contains($0) }
        try await withHarness(engine) { harness in
            let text = try await harness.shell(
                scripts.map { "{ \($0); } 2>/dev/null | tail -n 1" }.joined(separator: "\n"))
            let words = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            #expect(words.count == scripts.count)
            for (script, word) in zip(scripts, words) { #expect(word == "held", "\(script)") }
        }
    }

    @Test(arguments: Engine.all) func otherPersonasAreOutOfSight(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let other = PersonaID.new()
            _ = try await harness.call("test.publish", ["path": "secret.txt", "text": "canary"], persona: other)
            let call = Task {
                try await harness.call(
                    "test.wait", ["stubborn": false], persona: other, secrets: ["test.key": Secret("canary")])
            }
            let seen = try await harness.shell(
                "grep -rs canary /workspace /run /tmp /persona /proc/*/environ /proc/*/cmdline; ls -R /workspace")
            #expect(!seen.contains("canary") && !seen.contains("secret.txt"))
            let places = try await harness.shell(
                "find / -xdev -name '\(other)' 2>/dev/null; grep \(other) /proc/mounts; echo /run/persona/*")
            #expect(places == "/run/persona/egress.sock\n")
            call.cancel()
            _ = await call.result
        }
    }

    @Test(arguments: Engine.all) func processesOutsideAreOutOfSight(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let count = try await harness.shell("set -- /proc/[0-9]*; echo $#")
            #expect((Int(count.split(separator: "\n").first ?? "") ?? .max) < 12)
        }
    }

    @Test(arguments: Engine.all) func forkBombStopsAtTheLimit(engine: Engine) async throws {
        var settings = PersonaContainerSettings()
        // gVisor's own kernel takes some dozens of threads.
        settings.limits.processes = engine == .gVisor ? 160 : 64
        settings.startLimit = .seconds(60)
        try await withHarness(engine, settings) { harness in
            // Either it stops, or it costs the sandbox: gVisor's own kernel needs threads as well.
            let text = try? await harness.shell(
                "i=0; while [ $i -lt 200 ]; do sleep 60 & i=$((i+1)); done 2>/dev/null; set -- /proc/[0-9]*; echo $#")
            #expect((text?.split(separator: "\n").last.flatMap { Int($0) } ?? 0) < 180)
            let echo = try? await harness.call("test.echo", ["text": "still"])
            #expect(echo == nil || echo?.output == ["text": "still"])
            await harness.containers.stop(tenant: harness.tenant, persona: harness.persona)
            let fresh = try await harness.call("test.echo", ["text": "fresh"])
            #expect(fresh.output == ["text": "fresh"])
        }
    }
}

/// Attempts by shell: each prints nothing but `held`.
enum EscapeScripts {
    static let all = [
        "test -e /root && echo out || echo held",
        "test -e /home && echo out || echo held",
        "touch /persona/persona && echo out || echo held",
        "echo x > /persona/persona && echo out || echo held",
        "unshare -Urm mount -t tmpfs none /tmp && echo out || echo held",
        "unshare -Urm umount /usr && echo out || echo held",
        "nsenter -t 1 -n true && echo out || echo held",
        "echo 1 > /proc/sys/kernel/panic && echo out || echo held",
        "echo x > /proc/1/oom_score_adj && echo out || echo held",
        "dmesg | grep -q . && echo out || echo held",
        "timeout 2 bash -c 'exec 3<>/dev/tcp/127.0.0.1/22' && echo out || echo held",
        "mkdir /sys/fs/cgroup/memory/out /sys/fs/cgroup/out && echo out || echo held",
        "grep -q 'CapEff:.*[1-9a-f]' /proc/self/status && echo out || echo held",
        "grep -q 'NoNewPrivs:.0' /proc/self/status && echo out || echo held",
        "grep -q 'Seccomp:.0' /proc/self/status && echo out || echo held",
        "test $(id -u) = 0 && echo out || echo held",
        "su -c true && echo out || echo held",
        "dd if=/dev/zero of=/tmp/fill bs=1M count=600; s=$?; rm -f /tmp/fill; test $s = 0 && echo out || echo held",
        "ln -s /etc/shadow /workspace/shadow; cat /workspace/shadow && echo out || echo held",
    ]

    /// gVisor answers these for its own kernel.
    static let ofTheKernelItself: Set = [
        "dmesg | grep -q . && echo out || echo held",
        "grep -q 'NoNewPrivs:.0' /proc/self/status && echo out || echo held",
        "grep -q 'Seccomp:.0' /proc/self/status && echo out || echo held",
    ]
}
