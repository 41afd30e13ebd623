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
    /// Tells one sandbox's life from the next: a number drawn once, in its memory-backed folder.
    private static let identity =
        "head -c 16 /dev/urandom | od -An -tx1 >/tmp/i$$; ln /tmp/i$$ /tmp/identity 2>/dev/null; cat /tmp/identity"

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

    @Test(arguments: Engine.all) func onlyTheLongestIdleAreStoppedBeyondTheWarmOnes(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let others = [PersonaID.new(), PersonaID.new()]
            let first = try await harness.shell(Self.identity)
            var before: [String] = []
            for other in others { before.append(try await harness.shell(Self.identity, persona: other)) }
            await harness.containers.stopIdle(beyond: 2)
            for (other, identity) in zip(others, before) {
                #expect(try await harness.shell(Self.identity, persona: other) == identity)
            }
            #expect(try await harness.shell(Self.identity) != first)
        }
    }

    @Test(arguments: Engine.all) func pausedSandboxStandsStillAndGoesOnWithWhatItHeld(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            try #require(harness.containers.guarantees.keeps(.pause))
            let run = RunID.new()
            let before = try await harness.shell(Self.identity)
            _ = try await harness.call(
                "test.shell", ["script": "(while :; do echo x; sleep 0.01; done) >../../ticks 2>/dev/null &"], run: run)
            let ticks = "\(harness.data)/personas/\(harness.tenant)/\(harness.persona)/workspace/ticks"
            func size() -> Int { (try? Data(contentsOf: URL(filePath: ticks)).count) ?? 0 }
            while size() == 0 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(await harness.containers.pause(tenant: harness.tenant, persona: harness.persona))
            let still = size()
            try await Task.sleep(for: .milliseconds(300))
            #expect(size() == still)
            #expect(try await harness.shell(Self.identity) == before)
            let after = size()
            while size() == after { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    @Test(arguments: Engine.all) func pausedSandboxIsStoppedLikeAnyOther(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let before = try await harness.shell(Self.identity)
            await harness.containers.pauseIdle(since: .now)
            await harness.containers.stopIdle(since: .now)
            #expect(try await harness.shell(Self.identity) != before)
        }
    }

    @Test(arguments: Engine.all) func busySandboxIsNotPaused(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let begun = OneShot<Void>()
            let call = Task {
                try await harness.call("test.wait", ["stubborn": false], progress: { _, _ in begun.settle(()) })
            }
            await begun.value()
            #expect(await !harness.containers.pause(tenant: harness.tenant, persona: harness.persona))
            call.cancel()
            _ = await call.result
        }
    }

    @Test(arguments: Engine.all) func workspaceIsKeptFromOneLifeToTheNext(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            _ = try await harness.shell("echo kept >/workspace/kept")
            await harness.containers.stop(tenant: harness.tenant, persona: harness.persona)
            #expect(try await harness.shell("cat /workspace/kept") == "kept\n")
        }
    }

    @Test(arguments: Engine.all) func everyGuaranteeIsKeptOrMissingWithItsReason(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let guarantees = harness.containers.guarantees
            for guarantee in SandboxGuarantee.allCases {
                #expect(
                    guarantees.keeps(guarantee) != (guarantees.missing[guarantee]?.isEmpty == false), "\(guarantee)")
            }
            #expect(guarantees.keeps(.ownKernel) == (engine == .gVisor))
            #expect(guarantees.lines.count == SandboxGuarantee.allCases.count)
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
