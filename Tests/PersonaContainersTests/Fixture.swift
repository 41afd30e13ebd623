import DockerEngine
import Domain
import Egress
import FoundationEssentials
import Glibc
import PersonaContainers
import Sockets
import TestKit
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
    let sandbox: any PersonaSandbox
    private let engine: Engine
    let containers: PersonaContainers
    let records = Records()
    let tenant = TenantID.new()
    let persona = PersonaID.new()

    init(
        _ engine: Engine, settings: PersonaContainerSettings, data: String? = nil, own: PrivateEngine? = nil,
        resolver: Resolver = Resolver()
    ) async throws {
        self.data = data ?? "/tmp/persona-tests-\(TenantID.new())"
        self.engine = engine
        loop = try PollLoop(name: "test")
        sandbox = try await engine.sandbox(data: self.data, on: loop, engine: own)
        var settings = settings
        settings.ledger = { [records] _, _, record in records.append(record) }
        containers = PersonaContainers(
            data: self.data, sandbox: sandbox, proxy: EgressProxy(on: loop, resolver: resolver), on: loop,
            settings: settings)
    }

    /// Personas whose containers the shared engine knows, running or not.
    func containersOfEngine() async throws -> [String] {
        try await PrivateDocker.shared.value.list(label: "persona-platform.owner=\(data)").compactMap {
            $0.labels["persona-platform.persona"]
        }
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
        let result = try await call(
            "test.shell", ["script": .string(script)], persona: persona, timeout: 120, egress: egress)
        return result.output["text"]?.string ?? ""
    }

    func end() async {
        await containers.stopAll()
        loop.stop()
        try? FileManager.default.removeItem(atPath: data)  // a left-over in /tmp does no harm
    }
}

/// A polite tool has half a minute to stop, which a busy machine may need of it.
let patient = {
    var settings = PersonaContainerSettings()
    settings.grace = .seconds(30)
    settings.startLimit = .seconds(60)
    return settings
}()

func withHarness(
    _ engine: Engine, _ settings: PersonaContainerSettings = patient, engine own: PrivateEngine? = nil,
    resolver: Resolver = Resolver(), _ body: (Harness) async throws -> Void
) async throws {
    let harness = try await Harness(engine, settings: settings, own: own, resolver: resolver)
    do {
        try await body(harness)
    } catch {
        await harness.end()
        throw error
    }
    await harness.end()
}
