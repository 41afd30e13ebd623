import Domain
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Store

/// Health for load balancers and people.
struct OperationRoutes {
    /// A dependency that has not answered by then counts as away.
    static let probeDeadline = Duration.seconds(2)

    let services: Services

    var endpoints: [Endpoint] { [alive, ready, metrics, status] }

    private var alive: Endpoint {
        Endpoint(
            method: .get, path: "/healthz", name: "alive", tag: "operations", summary: "The process is alive.",
            access: .anonymous, answer: .init(.ok, .object([Schema.required("status", .choice(["ok"]))]))
        ) { _ in try .json(["status": "ok"]) }
    }

    private static let readiness = Schema.object([
        Schema.required("status", .choice(["ready", "unavailable"])),
        Schema.required(
            "dependencies",
            .map(
                of: .object([Schema.required("ok", .boolean), Schema.optional("error", .string())]))),
    ])

    private var ready: Endpoint {
        Endpoint(
            method: .get, path: "/readyz", name: "ready", tag: "operations",
            summary: "Every dependency, one by one; 503 while one is away.", access: .anonymous,
            answer: .init(.ok, Self.readiness)
        ) { _ in
            let dependencies = await withTaskGroup(of: (String, Dependency).self) { group in
                for probe in services.probes {
                    group.addTask { (probe.name, await Dependency(probe)) }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            let isReady = dependencies.values.allSatisfy(\.ok)
            return try .json(
                Readiness(status: isReady ? "ready" : "unavailable", dependencies: dependencies),
                status: isReady ? .ok : .serviceUnavailable, headers: isReady ? [:] : [.retryAfter: "2"])
        }
    }

    private var metrics: Endpoint {
        Endpoint(
            method: .get, path: "/metrics", name: "metrics", tag: "operations",
            summary: "Counters of this process in Prometheus' text format; no tenant's data.", access: .anonymous,
            answer: .init(.ok, nil, mediaType: MetricsText.mediaType)
        ) { _ in
            let text = await MetricsText(services).text
            return Reply(
                .ok, headers: [.cacheControl: "no-store"],
                content: .body(ResponseBody(byteBuffer: ByteBuffer(string: text)), mediaType: MetricsText.mediaType))
        }
    }

    private var status: Endpoint {
        Endpoint(
            method: .get, path: "/api/status", name: "status", tag: "operations",
            summary: "The platform's version and how your tenant's runs stand.", access: .read,
            answer: .init(
                .ok,
                .object([
                    Schema.required("version", .string()), Schema.required("started_at", .time),
                    Schema.required("runs", .map(of: .integer(0...Int64.max)), "by status"),
                ]))
        ) { call in
            let counts = try await services.runDocuments.counts(call.authenticated().tenant)
            let runs = Dictionary(uniqueKeysWithValues: RunStatus.allCases.map { ($0.rawValue, counts[$0] ?? 0) })
            return try .json(StatusBody(version: Endpoints.version, startedAt: services.startedAt, runs: runs))
        }
    }
}

private struct StatusBody: Encodable {
    let version: String
    let startedAt: Date
    let runs: [String: Int]

    enum CodingKeys: String, CodingKey {
        case version, runs
        case startedAt = "started_at"
    }
}

private struct Readiness: Encodable {
    let status: String
    let dependencies: [String: Dependency]
}

private struct Dependency: Encodable {
    let ok: Bool
    let error: String?

    init(_ probe: Services.Probe) async {
        let isAnswering = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    try await probe.check()
                    return true
                } catch {
                    return false
                }
            }
            group.addTask {
                // Cancelled as soon as the probe has answered.
                try? await Task.sleep(for: OperationRoutes.probeDeadline)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
        ok = isAnswering
        error = isAnswering ? nil : "does not answer"
    }
}
