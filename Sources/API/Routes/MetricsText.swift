import Domain
import Postgres
import Store

/// `/metrics` in Prometheus' text format 0.0.4.
struct MetricsText {
    static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    let text: String

    init(_ services: Services) async {
        let requests = services.counts.snapshot
        var lines = [
            "# HELP persona_http_requests_total Requests answered, by class of status.",
            "# TYPE persona_http_requests_total counter",
        ]
        for (number, count) in requests.byClass.enumerated().dropFirst() {
            lines.append("persona_http_requests_total{class=\"\(number)xx\"} \(count)")
        }
        lines += [
            "# HELP persona_http_request_seconds Time until an answer's head was ready.",
            "# TYPE persona_http_request_seconds summary",
            "persona_http_request_seconds_sum \(requests.seconds)",
            "persona_http_request_seconds_count \(requests.byClass.reduce(0, +))",
            "# HELP persona_event_streams Event streams that are open.", "# TYPE persona_event_streams gauge",
            "persona_event_streams \(services.bell.followers)",
            "# HELP persona_pool_connections Connections of a pool, by what they do.",
            "# TYPE persona_pool_connections gauge",
        ]
        for (name, pool) in [("app", services.database.app), ("dispatch", services.database.dispatch)] {
            let use = pool.use
            lines += [
                "persona_pool_connections{pool=\"\(name)\",state=\"lent\"} \(use.lent)",
                "persona_pool_connections{pool=\"\(name)\",state=\"waited_for\"} \(use.waiting)",
                "persona_pool_connections{pool=\"\(name)\",state=\"free\"} \(use.size - use.lent)",
            ]
        }
        lines += [
            "# HELP persona_database_up Whether the store answered just now.", "# TYPE persona_database_up gauge",
        ]
        // A scrape must answer while the store is away: that it is away is itself a measurement.
        let runs = try? await services.runDocuments.counts()
        lines.append("persona_database_up \(runs == nil ? 0 : 1)")
        if let runs {
            lines += ["# HELP persona_runs Runs by status.", "# TYPE persona_runs gauge"]
            for status in RunStatus.allCases {
                lines.append("persona_runs{status=\"\(status.rawValue)\"} \(runs[status] ?? 0)")
            }
        }
        text = lines.joined(separator: "\n") + "\n"
    }
}
