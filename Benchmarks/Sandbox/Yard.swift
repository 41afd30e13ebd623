import DockerEngine
import Domain
import Egress
import FoundationEssentials
import PersonaContainers
import Sockets
import TestKit
import ToolKit

/// Sandboxes in a directory of their own.
struct Yard: Sendable {
    let data: String
    let loop: PollLoop
    let containers: PersonaContainers
    let tenant = TenantID.new()

    static let image = "persona-platform/bench:local"

    /// `program`: absolute path of what serves calls inside.
    init(_ engine: String, program: String) async throws {
        data = "/tmp/persona-bench-\(TenantID.new())"
        loop = try PollLoop(name: "bench")
        let sandbox: any PersonaSandbox
        if engine == "docker" {
            let own = try await PrivateEngine.shared()
            try await Self.load(program, into: own)
            sandbox = try await DockerSandbox(
                engine: DockerEngine(socketPath: own.socket), image: Self.image, owner: data)
        } else {
            let inside = PersonaProgram(executable: program, libraries: RuntimeLibraries.directories())
            sandbox = try await Bubblewrap(program: inside, data: data, on: loop)
        }
        var settings = PersonaContainerSettings()
        settings.startLimit = .seconds(60)
        containers = PersonaContainers(
            data: data, sandbox: sandbox, proxy: EgressProxy(on: loop), on: loop, settings: settings)
    }

    /// This program's own path.
    static var program: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }

    func call(
        _ tool: String, _ input: JSONValue, _ persona: PersonaID, egress: EgressPolicy = EgressPolicy()
    ) async throws -> SandboxResult {
        try await containers.call(
            SandboxCall(
                tenant: tenant, persona: persona, run: .new(), tool: tool, input: input, effectKey: "key",
                timeoutSeconds: 120, egress: egress))
    }

    func end() async {
        await containers.stopAll()
        loop.stop()
        try? FileManager.default.removeItem(atPath: data)  // a left-over in /tmp does no harm
    }

    /// An image with the program and the libraries that it is linked to.
    private static func load(_ program: String, into engine: PrivateEngine) async throws {
        let root = try TemporaryTree.make("bench-image")
        let script = """
            set -e
            cd \(root)
            mkdir -p image/persona image/tmp image/workspace image/run/persona image/etc
            chmod 1777 image/tmp
            cp \(program) image/persona/persona
            ldd image/persona/persona | grep -o '/[^ ]*' | sort -u | while read library; do
              mkdir -p "image$(dirname $library)"; cp -L "$library" "image$library"
            done
            tar -C image -c . | docker import - \(image)
            """
        try await engine.succeed(["sh", "-c", script])
    }
}
