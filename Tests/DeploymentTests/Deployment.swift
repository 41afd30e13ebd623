import FoundationEssentials
import TestKit
import Testing

/// `compose.yaml` brought up in the tests' own engine, with secrets and data of its own.
struct Deployment: Sendable {
    let engine: PrivateEngine
    private let environment: [String: String]

    private static let project = "persona-deployment"
    /// For whatever has to happen; only a test that has failed waits so long.
    private static let patience = Duration.seconds(120)

    static func with(_ body: (Deployment) async throws -> Void) async throws {
        let engine = try await LocalImages.engine()
        let folder = try TemporaryTree.make("deployment")
        let group = try await engine.succeed(["stat", "-c", "%g", engine.socket])
        let deployment = Deployment(
            engine: engine,
            environment: [
                "PERSONA_SECRETS": "\(folder)/secrets", "PERSONA_DATA_DIR": "\(folder)/data",
                "PERSONA_ENGINE_SOCKET": engine.socket,
                "PERSONA_ENGINE_GROUP": String(group.filter { $0.isNumber }),
            ])
        do {
            try await engine.succeed(
                ["\(Repository.root)/Containers/secrets", "\(folder)/secrets"], environment: deployment.environment)
            try await deployment.compose("up", "--detach")
            try await body(deployment)
        } catch {
            let log = try await deployment.compose("logs", "--no-color", "--tail", "30")
            try await deployment.compose("down", "--volumes")
            throw PrivateEngine.Failure(description: "\(error)\n\(log)")
        }
        try await deployment.compose("down", "--volumes")
        #expect(try await personas(engine) == "", "the worker leaves no persona's container behind")
    }

    /// Ids of all containers of personas, running or not.
    static func personas(_ engine: PrivateEngine) async throws -> String {
        try await engine.succeed(["docker", "ps", "--all", "--quiet", "--filter", "label=persona-platform.owner"])
    }

    /// Docker's plug-in where there is one, else the program of its own.
    @discardableResult
    func compose(_ words: String...) async throws -> String {
        let choose = """
            if docker compose version >/dev/null 2>&1; then exec docker compose "$@"; fi
            command -v docker-compose >/dev/null || { echo "there is neither 'docker compose' nor 'docker-compose'"; exit 1; }
            exec docker-compose "$@"
            """
        let given = ["--project-name", Self.project, "--file", "\(Repository.root)/compose.yaml"] + words
        return try await engine.succeed(["sh", "-c", choose, "compose"] + given, environment: environment)
    }

    /// The id of a service's container.
    func container(_ service: String) async throws -> String {
        let text = try await compose("ps", "--quiet", service)
        return text.split(separator: "\n").last { $0.count == 64 }.map(String.init) ?? ""
    }

    /// Runs a script inside a service's container.
    @discardableResult
    func shell(_ service: String, _ script: String) async throws -> String {
        let id = try await container(service)
        return try await engine.succeed(["docker", "exec", id, "sh", "-ec", script])
    }

    /// Returns once the engine's own health check of the service succeeds.
    func becomesHealthy(_ service: String) async throws {
        let id = try await container(service)
        var last = ""
        do {
            try await until("\(service) is healthy") {
                last = try await engine.run(["docker", "inspect", "--format", "{{json .State.Health}}", id]).text
                return last.contains(#""Status":"healthy""#)
            }
        } catch {
            throw PrivateEngine.Failure(description: "\(error): \(last)")
        }
    }

    func until(_ what: String, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + Self.patience
        while try await !condition() {
            guard ContinuousClock.now < deadline else {
                throw PrivateEngine.Failure(description: "\(what): not within \(Self.patience)")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}
