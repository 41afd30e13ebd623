import Domain
import Egress
import FoundationEssentials
import Glibc
import PersonaContainers
import Sockets
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(2))) struct SandboxTests {
    @Test func callIsAnsweredFromInside() async throws {
        try await withHarness { harness in
            let heard = Notes()
            let result = try await harness.call(
                "test.echo", ["text": "hello"], progress: { message, _ in heard.append(message) })
            #expect(result.output == ["text": "hello"])
            #expect(heard.all == ["echoing"])
        }
    }

    @Test func callsOfOnePersonaShareOneSandbox() async throws {
        try await withHarness { harness in
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await harness.shell("cut -d' ' -f4 /proc/1/stat; hostname; id -u") }
                }
                for try await text in group { #expect(text.contains("persona")) }
            }
        }
    }

    @Test func secretsReachTheCallThatCarriesThem() async throws {
        try await withHarness { harness in
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

    @Test func marksAreCommittedBeforeTheEffectGoesOn() async throws {
        try await withHarness { harness in
            let marks = Notes()
            _ = try await harness.call("test.effect", ["dies": false], mark: { marks.append($0.rawValue) })
            #expect(marks.all == ["transmitting", "accepted"])
            let failure = await #expect(throws: ToolFailure.self) {
                try await harness.call("test.effect", ["dies": false], mark: { _ in throw CancellationError() })
            }
            #expect(failure?.code == "fenced")
        }
    }

    @Test func deathWhileTransmittingIsAnUnknownOutcome() async throws {
        try await withHarness { harness in
            let failure = await #expect(throws: ToolFailure.self) {
                try await harness.call("test.effect", ["dies": true])
            }
            #expect(failure?.kind == .unknownOutcome)
            let again = try await harness.call("test.echo", ["text": "again"])
            #expect(again.output == ["text": "again"])
        }
    }

    @Test func crashFailsTheCallAndTheNextOneStartsAnew() async throws {
        try await withHarness { harness in
            let failure = await #expect(throws: ToolFailure.self) { try await harness.call("test.crash") }
            #expect(failure?.code == "sandbox_died")
            #expect(failure?.kind == .transient)
            let again = try await harness.call("test.echo", ["text": "again"])
            #expect(again.output == ["text": "again"])
        }
    }

    @Test func politeToolIsStoppedAtItsTimeOutAndTheSandboxStays() async throws {
        try await withHarness { harness in
            let before = try await harness.shell("stat -Lc %i /proc/self/ns/net")
            let failure = await #expect(throws: ToolFailure.self) {
                try await harness.call("test.wait", ["stubborn": false], timeout: 1)
            }
            #expect(failure?.code == "timed_out")
            let after = try await harness.shell("stat -Lc %i /proc/self/ns/net")
            #expect(after == before)
        }
    }

    @Test func stubbornToolCostsItsSandbox() async throws {
        var settings = PersonaContainerSettings()
        settings.grace = .milliseconds(300)
        try await withHarness(settings) { harness in
            let before = try await harness.shell("stat -Lc %i /proc/self/ns/net")
            let failure = await #expect(throws: ToolFailure.self) {
                try await harness.call("test.wait", ["stubborn": true], timeout: 1)
            }
            #expect(failure?.code == "timed_out")
            let after = try await harness.shell("stat -Lc %i /proc/self/ns/net")
            #expect(after != before)
        }
    }

    @Test func cancelledCallEndsInside() async throws {
        try await withHarness { harness in
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

    @Test func idleSandboxIsStoppedUnlessPinned() async throws {
        try await withHarness { harness in
            let before = try await harness.shell("stat -Lc %i /proc/self/ns/net")
            await harness.containers.pin(true, tenant: harness.tenant, persona: harness.persona)
            await harness.containers.stopIdle(since: .now)
            let kept = try await harness.shell("stat -Lc %i /proc/self/ns/net")
            #expect(kept == before)
            await harness.containers.pin(false, tenant: harness.tenant, persona: harness.persona)
            await harness.containers.stopIdle(since: .now)
            let after = try await harness.shell("stat -Lc %i /proc/self/ns/net")
            #expect(after != before)
        }
    }

    @Test func memoryBombIsNamed() async throws {
        var settings = PersonaContainerSettings()
        settings.limits.memoryBytes = 96 * 1024 * 1024
        try await withHarness(settings) { harness in
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

    @Test func published() async throws {
        try await withHarness { harness in
            let result = try await harness.call("test.publish", ["path": "a.txt", "text": "content"])
            let file = try #require(result.artifacts.first)
            let descriptor = try result.root.open(file)
            var bytes = [UInt8](repeating: 0, count: 16)
            #expect(read(descriptor.raw, &bytes, bytes.count) == 7)
        }
    }

    @Test(arguments: ["link", "../../x", "/etc/passwd", "directory", "pipe", "through/passwd", "none", ""])
    func artifactThatIsNotAFileOfTheRunIsRefused(path: String) async throws {
        try await withHarness { harness in
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
