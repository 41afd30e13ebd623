package import Domain
package import FoundationEssentials
import Postgres
package import ToolKit

/// Whose calls of which tools are counted together, and how many may begin in an hour.
package struct ToolCounter: Sendable, Hashable {
    /// `<subject>/<pattern>`
    package let name: String
    package let perHour: Int
    package let failsAboveLimit: Bool

    package init(name: String, perHour: Int, failsAboveLimit: Bool = false) {
        self.name = name
        self.perHour = perHour
        self.failsAboveLimit = failsAboveLimit
    }

    /// The counters of a call: one a rule that limits it, and the platform's own for the persona where none does.
    package static func all(
        of tool: ToolDescriptor, under policy: ToolPolicy, persona: PersonaID, user: UserID?
    ) -> [ToolCounter] {
        guard tool.effect != .read else { return [] }
        var counters: [ToolCounter] = []
        var isLimited = false
        for rule in policy.limits(on: tool) {
            guard let perHour = rule.perHour else { continue }
            // A role's limit is each person's own.
            var owner = "\(rule.subject.kind):\(rule.subject.name)"
            if case .role = rule.subject {
                guard let user else { continue }
                owner = "user:\(user)"
            } else {
                isLimited = true
            }
            counters.append(
                ToolCounter(
                    name: "\(owner)/\(rule.pattern)", perHour: perHour, failsAboveLimit: rule.failsAboveLimit))
        }
        if !isLimited {
            counters.append(
                ToolCounter(
                    name: "persona:\(persona)/\(tool.name)", perHour: ToolPolicy.defaultPerHour, failsAboveLimit: false)
            )
        }
        // One order for all: two calls that share counters never wait for each other in a circle.
        return counters.sorted { $0.name < $1.name }
    }
}

/// Calls with an effect that began, by the hour; in Postgres, so that nothing else that is lost gives anyone more.
package struct ToolUsage: Sendable {
    /// Seconds of a window: it begins with its first call.
    package static let windowSeconds = 3_600

    /// How a counter stands.
    package struct Standing: Sendable, Hashable {
        package let counter: ToolCounter
        package let remaining: Int
        /// When the window ends; `nil` where none is open.
        package let resetsAt: Date?
    }

    let database: Database

    package init(_ database: Database) { self.database = database }

    package func standing(_ tenant: TenantID, _ counters: [ToolCounter]) async throws -> [Standing] {
        let rows = try await database.rows(
            tenant,
            """
            SELECT counter, calls, window_start + make_interval(secs => $3) AS ends FROM tool_usage
            WHERE tenant_id = $1 AND counter = ANY ($2) AND window_start + make_interval(secs => $3) > platform_now()
            """, [tenant.value, .texts(counters.map(\.name)), .int(Self.windowSeconds)])
        let known = try Dictionary(
            rows.map { (try $0.text("counter"), (try $0.int("calls"), try $0.timestamp("ends"))) }
        ) { first, _ in first }
        return counters.map { counter in
            let used = known[counter.name]
            return Standing(
                counter: counter, remaining: max(0, counter.perHour - (used?.0 ?? 0)), resetsAt: used?.1)
        }
    }

    /// A counter that is used up.
    package struct Exceeded: Error, Sendable, Hashable {
        package let counter: ToolCounter
        package let resetsAt: Date
    }

    /// Counts one call against all of `counters`, or against none: then throws `Exceeded` for the first that is used up.
    package func take(_ tenant: TenantID, _ counters: [ToolCounter]) async throws {
        guard !counters.isEmpty else { return }
        try await database.transaction(tenant) { connection in
            for counter in counters {
                let rows = try await connection.query(
                    """
                    INSERT INTO tool_usage AS u (tenant_id, counter, window_start, calls)
                    VALUES ($1, $2, platform_now(), 1)
                    ON CONFLICT (tenant_id, counter) DO UPDATE SET
                        calls = CASE WHEN u.window_start + make_interval(secs => $3) <= platform_now() THEN 1
                            ELSE u.calls + 1 END,
                        window_start = CASE WHEN u.window_start + make_interval(secs => $3) <= platform_now()
                            THEN platform_now() ELSE u.window_start END
                    RETURNING calls, window_start + make_interval(secs => $3) AS ends
                    """, [tenant.value, .text(counter.name), .int(Self.windowSeconds)])
                guard let row = rows.first, try row.int("calls") <= counter.perHour else {
                    // Thrown out of the transaction: what was counted for this call is counted back.
                    throw Exceeded(counter: counter, resetsAt: try rows.first?.timestamp("ends") ?? Date())
                }
            }
        }
    }
}
