import Domain
import Egress
import FoundationEssentials
import Glibc
import PersonaContainers
import Sockets
import Testing
import ToolKit

/// The program that tests run inside: built beside the tests.
enum FixtureProgram {
    static let program: PersonaProgram = {
        let bundle = RuntimeLibraries.mappedFiles().first { $0.hasSuffix(".xctest") } ?? "/"
        let products = URL(filePath: bundle).deletingLastPathComponent()
        let executable = products.appending(path: "ToolHostFixture").path
        return PersonaProgram(executable: executable, libraries: RuntimeLibraries.directories())
    }()
}

/// A platform's worth of sandboxes in a directory of its own.
struct Harness: Sendable {
    let data: String
    let loop: PollLoop
    let containers: PersonaContainers
    let records = Records()
    let tenant = TenantID.new()
    let persona = PersonaID.new()

    init(_ engine: Engine, settings: PersonaContainerSettings) async throws {
        data = "/tmp/persona-tests-\(TenantID.new())"
        loop = try PollLoop(name: "test")
        let sandbox = try await engine.sandbox(data: data, on: loop)
        var settings = settings
        settings.ledger = { [records] _, _, record in records.append(record) }
        containers = PersonaContainers(
            data: data, sandbox: sandbox, proxy: EgressProxy(on: loop), on: loop, settings: settings)
    }

    func call(
        _ tool: String, _ input: JSONValue = [:], persona: PersonaID? = nil, timeout: Int = 30,
        secrets: [String: Secret] = [:], egress: EgressPolicy = EgressPolicy(), run: RunID = .new(),
        mark: @escaping @Sendable (EffectPhase) async throws -> Void = { _ in }, progress: SandboxProgress = { _, _ in }
    ) async throws(ToolFailure) -> SandboxResult {
        try await containers.call(
            SandboxCall(
                tenant: tenant, persona: persona ?? self.persona, run: run, tool: tool, input: input, effectKey: "key",
                timeoutSeconds: timeout, secrets: secrets, egress: egress), mark: mark, progress: progress)
    }

    /// What a script prints inside.
    func shell(_ script: String, persona: PersonaID? = nil, egress: EgressPolicy = EgressPolicy()) async throws
        -> String
    {
        let result = try await call("test.shell", ["script": .string(script)], persona: persona, egress: egress)
        return result.output["text"]?.string ?? ""
    }

    func end() async {
        await containers.stopAll()
        loop.stop()
        try? FileManager.default.removeItem(atPath: data)  // a left-over in /tmp does no harm
    }
}

/// A polite tool has half a minute to stop, which a busy machine may need of it.
private let patient = {
    var settings = PersonaContainerSettings()
    settings.grace = .seconds(30)
    settings.startLimit = .seconds(60)
    return settings
}()

func withHarness(
    _ engine: Engine, _ settings: PersonaContainerSettings = patient,
    _ body: (Harness) async throws -> Void
) async throws {
    let harness = try await Harness(engine, settings: settings)
    do {
        try await body(harness)
    } catch {
        await harness.end()
        throw error
    }
    await harness.end()
}
