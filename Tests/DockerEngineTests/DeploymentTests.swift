import FoundationEssentials
import Testing
import Yams

/// What `compose.yaml` and `Containers/` describe, held to the promises that the sandbox makes.
@Suite(.timeLimit(.minutes(10))) struct DeploymentTests {
    private struct Composition: Decodable {
        struct Service: Decodable {
            var image: String
            var volumes: [String]?
            var networks: [String]?
        }
        var services: [String: Service]
    }

    private let root: URL = {
        // Tests/DockerEngineTests/DeploymentTests.swift
        var url = URL(filePath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url
    }()

    private func composition() throws -> Composition {
        let text = try String(contentsOf: root.appending(path: "compose.yaml"), encoding: .utf8)
        return try YAMLDecoder().decode(Composition.self, from: text)
    }

    @Test func everyRoleHasItsService() throws {
        let names = try Set(composition().services.keys)
        #expect(names.isSuperset(of: ["postgres", "redis", "migrate", "api", "orchestrator", "worker"]))
    }

    @Test func engineSocketIsTheWorkersAlone() throws {
        for (name, service) in try composition().services {
            let seesEngine = (service.volumes ?? []).contains { $0.contains("docker.sock") }
            #expect(seesEngine == (name == "worker"), "\(name)")
        }
    }

    @Test func databaseAndRedisAreInsideAlone() throws {
        let services = try composition().services
        #expect(services["postgres"]?.networks == ["inside"])
        #expect(services["redis"]?.networks == ["inside"])
    }

    @Test(arguments: ["persona", "platform"])
    func imageRunsAsAnOrdinaryUserFromAPlainBase(name: String) throws {
        let file = root.appending(path: "Containers/\(name)/Dockerfile")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("FROM ") } == ["FROM debian:bookworm-slim"])
        #expect(lines.last { $0.hasPrefix("USER ") }.map { $0.hasPrefix("USER 100") } == true)
        #expect(!lines.contains { $0.contains("://") || $0.hasPrefix("# syntax") })
    }
}
