import Domain
import FoundationEssentials
import HTTPTypes
import Hummingbird

/// Health for load balancers and people.
struct OperationRoutes {
    /// A dependency that has not answered by then counts as away.
    static let probeDeadline = Duration.seconds(2)

    let services: Services

    var endpoints: [Endpoint] { [alive, ready] }

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
