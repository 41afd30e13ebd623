import Domain
import Egress
import FoundationEssentials
import PersonaContainers
import Sockets
import Testing

/// Attempts to get out, from inside: each script must print nothing but `held`.
@Suite(.timeLimit(.minutes(10))) struct EscapeTests {
    static let attempts = [
        "cat /etc/shadow && echo out || echo held",
        "test -e /var/run/docker.sock && echo out || echo held",
        "test -e /run/docker.sock && echo out || echo held",
        "test -e /root && echo out || echo held",
        "test -e /home && echo out || echo held",
        "touch /escape && echo out || echo held",
        "touch /usr/escape && echo out || echo held",
        "touch /etc/escape && echo out || echo held",
        "touch /persona/persona && echo out || echo held",
        "echo x > /persona/persona && echo out || echo held",
        "mount -t tmpfs none /tmp && echo out || echo held",
        "unshare -Urm mount -t tmpfs none /tmp && echo out || echo held",
        "unshare -Urm umount /usr && echo out || echo held",
        "nsenter -t 1 -n true && echo out || echo held",
        "echo 1 > /proc/sys/kernel/panic && echo out || echo held",
        "echo b > /proc/sysrq-trigger && echo out || echo held",
        "echo x > /proc/1/oom_score_adj && echo out || echo held",
        "mknod /tmp/disk b 254 0 && echo out || echo held",
        "cat /dev/vda | head -c1 | grep -q . && echo out || echo held",
        "dmesg | grep -q . && echo out || echo held",
        "timeout 2 bash -c 'exec 3<>/dev/tcp/127.0.0.1/22' && echo out || echo held",
        "timeout 2 bash -c 'exec 3<>/dev/tcp/169.254.169.254/80' && echo out || echo held",
        "timeout 2 bash -c 'exec 3<>/dev/tcp/8.8.8.8/53' && echo out || echo held",
        "mkdir /sys/fs/cgroup/memory/out /sys/fs/cgroup/out && echo out || echo held",
        "grep -q 'CapEff:.*[1-9a-f]' /proc/self/status && echo out || echo held",
        "grep -q 'NoNewPrivs:.0' /proc/self/status && echo out || echo held",
        "grep -q 'Seccomp:.0' /proc/self/status && echo out || echo held",
        "test $(id -u) = 0 && echo out || echo held",
        "su -c true && echo out || echo held",
        "dd if=/dev/zero of=/tmp/fill bs=1M count=600 && echo out || echo held",
    ]

    @Test(arguments: Engine.all, attempts)
    func attemptHolds(engine: Engine, script: String) async throws {
        try await withHarness(engine) { harness in
            let text = try await harness.shell("{ \(script); } 2>/dev/null | tail -n 1")
            #expect(text == "held\n")
        }
    }

    @Test(arguments: Engine.all) func otherPersonasAreOutOfSight(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let other = PersonaID.new()
            _ = try await harness.call("test.publish", ["path": "secret.txt", "text": "canary"], persona: other)
            let seen = try await harness.shell(
                "grep -rs canary /workspace /run /tmp /persona /proc/*/environ; ls -R /workspace")
            #expect(!seen.contains("canary") && !seen.contains("secret.txt"))
            let places = try await harness.shell(
                "find / -xdev -name '\(other)' 2>/dev/null; grep \(other) /proc/mounts")
            #expect(places.isEmpty)
        }
    }

    @Test(arguments: Engine.all) func processesOutsideAreOutOfSight(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let count = try await harness.shell("ls -d /proc/[0-9]* | wc -l")
            #expect((Int(count.split(separator: "\n").first ?? "") ?? .max) < 12)
        }
    }

    @Test(arguments: Engine.all) func forkBombStopsAtTheLimit(engine: Engine) async throws {
        var settings = PersonaContainerSettings()
        settings.limits.processes = 64
        try await withHarness(engine, settings) { harness in
            let text = try await harness.shell(
                "i=0; while [ $i -lt 200 ]; do sleep 60 & i=$((i+1)); done 2>/dev/null; ls -d /proc/[0-9]* | wc -l")
            #expect(!text.contains("200"))
            let echo = try? await harness.call("test.echo", ["text": "still"])
            #expect(echo == nil || echo?.output == ["text": "still"])
            await harness.containers.stop(tenant: harness.tenant, persona: harness.persona)
            let fresh = try await harness.call("test.echo", ["text": "fresh"])
            #expect(fresh.output == ["text": "fresh"])
        }
    }

    @Test(arguments: Engine.all) func proxyIsTheOnlyWayOutAndIsRecorded(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let server = try LoopbackListener()
            harness.loop.submit { context in
                context.add(
                    Acceptor(server.descriptor) { socket, context in
                        context.add(OneAnswer(socket))
                        return true
                    })
            }
            let url = "http://127.0.0.1:\(server.port)/x"
            let script = "curl -sS -m 5 --noproxy '' -x http://$PROXY \(url)"
            let refused = try await harness.shell(script)
            #expect(refused.contains("may use"))
            let policy = EgressPolicy(private: ["127.0.0.1:\(server.port)"])
            let allowed = try await harness.shell(script, egress: policy)
            #expect(allowed == "hello")
            let records = await harness.records.first(2)
            #expect(records.map(\.verdict) == [.refused, .allowed])
            #expect(records.last.map { $0.bytesDown > 5 && $0.bytesUp > 5 } == true)
        }
    }
}
