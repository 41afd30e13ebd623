import Domain
import Egress
import FoundationEssentials
import Glibc
import PersonaContainers
import Sockets
import Testing
import ToolKit

/// What every implementation of `PersonaSandbox` must do.
@Suite(.timeLimit(.minutes(10))) struct SandboxTests {
    /// When the sandbox's first process started, in ticks since boot: numbers of namespaces are given out again.
    private static let identity = "cut -d' ' -f22 /proc/1/stat"

    @Test(arguments: Engine.all) func callIsAnsweredFromInside(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let heard = Notes()
            let result = try await harness.call(
                "test.echo", ["text": "hello"], progress: { message, _ in heard.append(message) })
            #expect(result.output == ["text": "hello"])
            #expect(heard.all == ["echoing"])
        }
    }

    @Test(arguments: Engine.all) func callsOfOnePersonaShareOneSandbox(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let first = try await harness.shell(Self.identity)
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 { group.addTask { try await harness.shell(Self.identity) } }
                for try await text in group { #expect(text == first) }
            }
        }
    }

    @Test(arguments: Engine.all) func secretsReachTheCallThatCarriesThem(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let result = try await harness.call(
                "test.secret", ["secret": "test.key"], secrets: ["test.key": Secret("canary")])
            #expect(result.output == ["length": 6])
            let failure = await #expect(throws: ToolFailure.self) {
                try await harness.call("test.secret", ["secret": "test.key"])
            }
            #expect(failure?.code == "secret_missing")
            let seen = try await harness.shell("cat /proc/*/environ /proc/*/cmdline")
            #expect(!seen.contains("canary"))
        }
    }

    @Test(arguments: Engine.all) func marksAreCommittedBeforeTheEffectGoesOn(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let marks = Notes()
            _ = try await harness.call("test.effect", ["dies": false], mark: { marks.append($0.rawValue) })
            #expect(marks.all == ["transmitting", "accepted"])
            let failure = await #expect(throws: ToolFailure.self) {
                try await harness.call("test.effect", ["dies": false], mark: { _ in throw CancellationError() })
            }
            #expect(failure?.code == "fenced")
        }
    }

    @Test(arguments: Engine.all) func deathWhileTransmittingIsAnUnknownOutcome(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let failure = await #expect(throws: ToolFailure.self) {
                try await harness.call("test.effect", ["dies": true])
            }
            #expect(failure?.kind == .unknownOutcome)
            let again = try await harness.call("test.echo", ["text": "again"])
            #expect(again.output == ["text": "again"])
        }
    }

    @Test(arguments: Engine.all) func crashFailsTheCallAndTheNextOneStartsAnew(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let failure = await #expect(throws: ToolFailure.self) { try await harness.call("test.crash") }
            #expect(failure?.code == "sandbox_died")
            #expect(failure?.kind == .transient)
            let again = try await harness.call("test.echo", ["text": "again"])
            #expect(again.output == ["text": "again"])
        }
    }

    @Test(arguments: Engine.all) func politeToolIsStoppedAtItsTimeOutAndTheSandboxStays(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let before = try await harness.shell(Self.identity)
            let failure = await #expect(throws: ToolFailure.self) {
                try await harness.call("test.wait", ["stubborn": false], timeout: 1)
            }
            #expect(failure?.code == "timed_out")
            let after = try await harness.shell(Self.identity)
            #expect(after == before)
        }
    }

    @Test(arguments: Engine.all) func stubbornToolCostsItsSandbox(engine: Engine) async throws {
        var settings = PersonaContainerSettings()
        settings.grace = .milliseconds(300)
        try await withHarness(engine, settings) { harness in
            let before = try await harness.shell(Self.identity)
            let failure = await #expect(throws: ToolFailure.self) {
                try await harness.call("test.wait", ["stubborn": true], timeout: 1)
            }
            #expect(failure?.code == "timed_out")
            let after = try await harness.shell(Self.identity)
            #expect(after != before)
        }
    }

    @Test(arguments: Engine.all) func cancelledCallEndsInside(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let begun = OneShot<Void>()
            let call = Task {
                try await harness.call("test.wait", ["stubborn": false], progress: { _, _ in begun.settle(()) })
            }
            await begun.value()
            call.cancel()
            let failure = await #expect(throws: ToolFailure.self) { try await call.value }
            #expect(failure?.code == "cancelled")
        }
    }

    @Test(arguments: Engine.all) func idleSandboxIsStoppedUnlessPinned(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let before = try await harness.shell(Self.identity)
            await harness.containers.pin(true, tenant: harness.tenant, persona: harness.persona)
            await harness.containers.stopIdle(since: .now)
            let kept = try await harness.shell(Self.identity)
            #expect(kept == before)
            await harness.containers.pin(false, tenant: harness.tenant, persona: harness.persona)
            await harness.containers.stopIdle(since: .now)
            let after = try await harness.shell(Self.identity)
            #expect(after != before)
        }
    }

    @Test(arguments: Engine.all) func memoryBombIsNamed(engine: Engine) async throws {
        var settings = PersonaContainerSettings()
        settings.limits.memoryBytes = 96 * 1024 * 1024
        try await withHarness(engine, settings) { harness in
            guard harness.containers.promises.kept.contains(where: { $0.hasPrefix("a memory limit") }) else {
                // The implementation says so itself; without the limit the bomb would hit the machine.
                #expect(harness.containers.promises.missing.contains { $0.hasPrefix("a memory limit") })
                return
            }
            let failure = await #expect(throws: ToolFailure.self) { try await harness.call("test.grab") }
            #expect(failure?.code == "oom")
            #expect(failure?.kind == .permanent)
        }
    }

    @Test(arguments: Engine.all) func publishedFileIsReadFromOutside(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let result = try await harness.call("test.publish", ["path": "a.txt", "text": "content"])
            let file = try #require(result.artifacts.first)
            let descriptor = try result.root.open(file)
            var bytes = [UInt8](repeating: 0, count: 16)
            #expect(read(descriptor.raw, &bytes, bytes.count) == 7)
        }
    }

    @Test(arguments: Engine.all, ["link", "../../x", "/etc/passwd", "directory", "pipe", "through/passwd", "none", ""])
    func artifactThatIsNotAFileOfTheRunIsRefused(engine: Engine, path: String) async throws {
        try await withHarness(engine) { harness in
            let run = RunID.new()
            _ = try await harness.call(
                "test.shell",
                [
                    "script":
                        "ln -s /etc/passwd link; mkdir directory; mkfifo pipe; ln -s /etc through; echo x > ../../x"
                ],
                run: run)
            let result = try await harness.call("test.publish", ["path": .string(path)], run: run)
            let file = try #require(result.artifacts.first)
            #expect(throws: ToolFailure.self) { try result.root.open(file) }
        }
    }
}
