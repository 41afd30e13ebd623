import DockerEngine
import Domain
import FoundationEssentials
import Glibc
import PersonaContainers
import Sockets
import TestKit
import Testing
import ToolKit

/// How calls end that do not end well: named, within their time, with nothing left behind.
@Suite(.timeLimit(.minutes(10))) struct EndingTests {
    private func failure(_ body: () async throws(ToolFailure) -> SandboxResult) async -> ToolFailure? {
        do throws(ToolFailure) {
            _ = try await body()
            return nil
        } catch {
            return error
        }
    }

    /// Command lines on this machine that name a path.
    private static func commands(naming path: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { Int($0) != nil }.compactMap { pid in
            // Gone meanwhile: none.
            guard let bytes = try? Data(contentsOf: URL(filePath: "/proc/\(pid)/cmdline")) else { return nil }
            let line = String(decoding: bytes, as: UTF8.self).replacing("\0", with: " ")
            return line.contains(path) ? line : nil
        }
    }

    private func answers(_ harness: Harness) async throws {
        let again = try await harness.call("test.echo", ["text": "again"], timeout: 60)
        #expect(again.output == ["text": "again"])
    }

    @Test(arguments: Engine.all) func memoryBombIsNamed(engine: Engine) async throws {
        var settings = patient
        settings.limits.memoryBytes = 128 * 1024 * 1024
        try await withHarness(engine, settings) { harness in
            // The implementation says so itself where it cannot; the bomb would hit the machine.
            try #require(harness.containers.guarantees.keeps(.memoryLimit))
            let failure = await failure { () async throws(ToolFailure) in try await harness.call("test.grab") }
            #expect(failure?.code == "oom", "\(failure?.message ?? "")")
            #expect(failure?.kind == .permanent)
            try await answers(harness)
        }
    }

    /// The worker inside survives a program of its own that takes too much; the call is named all the same.
    @Test(arguments: Engine.all) func programKilledForMemoryIsNamed(engine: Engine) async throws {
        var settings = patient
        settings.limits.memoryBytes = 128 * 1024 * 1024
        try await withHarness(engine, settings) { harness in
            let failure = await failure { () async throws(ToolFailure) in
                try await harness.call("test.program", ["script": "head -c 400000000 /dev/zero | tail | wc -c"])
            }
            #expect(failure?.code == "oom", "\(failure?.message ?? "")")
            #expect(failure?.kind == .permanent)
            try await answers(harness)
        }
    }

    @Test(arguments: Engine.all) func ordinaryFailureStaysWhatItIs(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let failure = await failure { () async throws(ToolFailure) in
                try await harness.call("test.program", ["script": "exit 3"])
            }
            #expect(failure?.code == "program_failed")
            #expect(failure?.kind == .transient)
        }
    }

    @Test(arguments: Engine.all, ["dd if=/dev/zero of=fill bs=1M count=64", "for i in $(seq 3000); do : >f$i; done"])
    func workspaceThatIsFilledIsNamed(engine: Engine, script: String) async throws {
        var settings = patient
        settings.limits.workspaceBytes = 32 * 1024 * 1024
        settings.limits.workspaceEntries = 2_000
        settings.workspaceCheck = .milliseconds(50)
        try await withHarness(engine, settings) { harness in
            let failure = await failure { () async throws(ToolFailure) in
                try await harness.call("test.shell", ["script": .string("\(script); sleep 600")], timeout: 300)
            }
            #expect(failure?.code == "workspace_full")
            #expect(failure?.kind == .permanent)
        }
    }

    @Test(arguments: Engine.all) func singleFileIsBoundedAtOnce(engine: Engine) async throws {
        var settings = patient
        settings.limits.fileBytes = 8 * 1024 * 1024
        try await withHarness(engine, settings) { harness in
            let text = try await harness.shell(
                "(trap '' XFSZ; dd if=/dev/zero of=big bs=1M count=64) 2>/dev/null; wc -c <big; rm big")
            #expect(text == "\(8 * 1024 * 1024)\n")
        }
    }

    @Test(arguments: Engine.all) func gigabyteOfOutputIsSwallowed(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let result = try await harness.call(
                "test.flood", ["bytes": .int(1 << 30), "isAnswer": false], timeout: 240)
            #expect(result.output == ["text": ""])
            try await answers(harness)
        }
    }

    @Test(arguments: Engine.all) func answerThatIsTooLongIsNamed(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let failure = await failure { () async throws(ToolFailure) in
                try await harness.call("test.flood", ["bytes": .int(32 << 20), "isAnswer": true], timeout: 120)
            }
            #expect(failure?.code == "output_too_long")
            try await answers(harness)
        }
    }

    @Test(arguments: Engine.all) func manyReportsCostNoCall(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let heard = Notes()
            _ = try await harness.call(
                "test.chatter", ["count": 20_000, "text": "line"], timeout: 240,
                progress: { message, _ in heard.append(message) })
            #expect(heard.all.first == "line 1")
            #expect(heard.all.count <= 20_000)
        }
    }

    @Test(arguments: Engine.all) func killedWorkerInsideIsNamed(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let failure = await failure { () async throws(ToolFailure) in
                try await harness.call("test.shell", ["script": "kill -9 $(cut -d' ' -f4 /proc/$$/stat); sleep 60"])
            }
            #expect(failure?.code == "sandbox_died")
            #expect(failure?.kind == .transient)
            try await answers(harness)
        }
    }

    @Test(arguments: Engine.all) func nothingIsLeftBehind(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            _ = try await harness.shell("sleep 600 & (sleep 600 &) ; true")
            let failure = await failure { () async throws(ToolFailure) in try await harness.call("test.crash") }
            #expect(failure?.code == "sandbox_died")
            try await answers(harness)
            await harness.containers.stopAll()
            #expect(Self.commands(naming: "\(harness.data)/personas").isEmpty)
            let groups = try await TestProgram.run([
                "find", "/sys/fs/cgroup", "-name", "*\(harness.persona)*",
            ])
            #expect(groups.text.split(separator: "\n").filter { $0.contains("\(harness.persona)") } == [])
            let sockets = try FileManager.default.contentsOfDirectory(
                atPath: "\(harness.data)/personas/\(harness.tenant)/\(harness.persona)/run")
            #expect(!sockets.contains("worker.sock"))
            if engine != .bubblewrap { #expect(try await harness.containersOfEngine() == []) }
        }
    }

    @Test(arguments: Engine.all.filter { $0 != .bubblewrap })
    func killedContainerIsNamed(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let begun = OneShot<Void>()
            let call = Task {
                try await harness.call("test.wait", ["stubborn": true], progress: { _, _ in begun.settle(()) })
            }
            await begun.value()
            let docker = try await PrivateDocker.shared.value
            try await docker.kill("persona-\(harness.persona)")
            let failure = await #expect(throws: ToolFailure.self) { try await call.value }
            #expect(failure?.code == "sandbox_died")
            try await answers(harness)
        }
    }

    @Test(arguments: Engine.all.filter { $0 != .bubblewrap })
    func containerThatNobodyKnowsIsRemoved(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            try await answers(harness)
            let orphan = PersonaDirectory.self
            let directory = try orphan.prepare(
                data: harness.data, tenant: harness.tenant, persona: .new(), ownUser: true)
            let stray = PersonaID.new()
            _ = try await harness.sandbox.start(
                SandboxSpecification(
                    tenant: harness.tenant, persona: stray, directory: directory, limits: SandboxLimits()))
            #expect(try await harness.containersOfEngine().count == 2)
            try await harness.containers.reconcile()
            #expect(try await harness.containersOfEngine() == ["\(harness.persona)"])
            try await answers(harness)
        }
    }

    /// What a platform that was killed left running is cleared by the next, before its first call.
    @Test(arguments: Engine.all) func whatAnEarlierPlatformLeftIsCleared(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            try await answers(harness)
            let next = try await Harness(engine, settings: patient, data: harness.data)
            try await next.containers.clear()
            let failure = await failure { () async throws(ToolFailure) in
                try await harness.call("test.wait", ["stubborn": false], timeout: 5)
            }
            #expect(failure == nil || failure?.code == "sandbox_died" || failure?.code == "timed_out")
            try await answers(next)
            await next.end()
        }
    }

    @Test(.enabled(if: geteuid() == 0, "a Docker engine of our own needs root"))
    func engineThatIsKilledAndComesBackLeavesNothing() async throws {
        let engine = try await PrivateEngine.own("restarted")
        try await PrivateDocker.load(into: engine)
        try await withHarness(.docker, engine: engine) { harness in
            let begun = OneShot<Void>()
            let call = Task {
                try await harness.call(
                    "test.wait", ["stubborn": true], timeout: 20, progress: { _, _ in begun.settle(()) })
            }
            await begun.value()
            try await engine.restart()
            let failure = await #expect(throws: ToolFailure.self) { try await call.value }
            #expect(["sandbox_died", "timed_out"].contains(failure?.code ?? ""))
            #expect(failure?.kind == .transient)
            try await answers(harness)
            await harness.containers.stopAll()
            let left = try await engine.succeed(["docker", "ps", "--all", "--quiet"])
            #expect(left.isEmpty)
        }
        await engine.end()
    }
}
