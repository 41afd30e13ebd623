import API
import Domain
import FoundationEssentials
import Glibc
import HTTPClient
import HTTPTypes
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct OperationTests {
    @Test func everyServedRouteIsInTheDocument() async throws {
        try await House.with { house in
            let document = try await house.call("GET", "/api/openapi.json")
            #expect(document.status == 200)
            let paths = document.json["paths"]
            for endpoint in try Endpoints.all(house.services) where endpoint.name != "openapi" {
                let operation = paths?[endpoint.path]?[endpoint.method.rawValue.lowercased()]
                #expect(operation?["operationId"]?.string == endpoint.name)
                let status = String(endpoint.answer.status.code)
                #expect(operation?["responses"]?[status] != nil, "\(endpoint.name)")
            }
        }
    }

    @Test func everyExampleFitsItsSchema() async throws {
        try await House.with { house in
            for endpoint in try Endpoints.all(house.services) {
                guard case .json(let schema, let example, _) = endpoint.body else { continue }
                #expect(schema.faults(in: example).isEmpty, "\(endpoint.name)")
            }
        }
    }

    @Test func theDocumentIsValidOpenAPI() async throws {
        try await House.with { house in
            let document = try await house.call("GET", "/api/openapi.json")
            let file = "\(try TemporaryTree.make("openapi"))/openapi.json"
            try Data(document.body).write(to: URL(filePath: file))
            let script =
                "import json, sys, openapi_spec_validator as v; v.validate(json.load(open(sys.argv[1])))"
            let outcome = try await TestProgram.run([Repository.python, "-c", script, file])
            #expect(outcome.status == 0, "\(outcome.text)")
        }
    }

    @Test func metricsCountWhatWasAnswered() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            for _ in 0..<3 { _ = try await house.call("GET", "/api/me", as: owner) }
            _ = try await house.call("GET", "/api/nothing")
            let (persona, graph) = (try await house.persona(owner), try await house.graph(owner))
            _ = try await house.call(
                "POST", "/api/runs", as: owner, ["persona_id": .string(persona), "graph": .string(graph)])
            let metrics = try await house.call("GET", "/metrics")
            #expect(metrics.headers["Content-Type"]?.hasPrefix("text/plain; version=0.0.4") == true)
            #expect(metrics.text.contains("persona_http_requests_total{class=\"2xx\"} 6\n"))
            #expect(metrics.text.contains("persona_http_requests_total{class=\"4xx\"} 1\n"))
            #expect(metrics.text.contains("persona_runs{status=\"queued\"} 1\n"))
            #expect(metrics.text.contains("persona_pool_connections{pool=\"app\",state=\"free\"} 8\n"))
            let status = try await house.call("GET", "/api/status", as: owner)
            #expect(status.json["runs"]?["queued"]?.int == 1)
        }
    }
}
