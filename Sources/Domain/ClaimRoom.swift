/// What a worker has room for.
package struct ClaimRoom: Sendable, Hashable {
    /// Jobs at most in this claim.
    package var limit: Int
    /// Jobs of one tenant that may run here at once.
    package var perTenant: Int
    /// How many of each tenant run here already.
    package var running: [TenantID: Int]
    /// Jobs that a lane still has room for (a job's lane is `model`, or its tool's name before the first dot); lanes that are not named have room for `limit`.
    package var lanes: [String: Int]

    package init(
        limit: Int, perTenant: Int = .max, running: [TenantID: Int] = [:], lanes: [String: Int] = [:]
    ) {
        self.limit = limit
        self.perTenant = perTenant
        self.running = running
        self.lanes = lanes
    }

    /// Whether something planned may be left lying although it is due.
    package var isNarrowed: Bool { lanes.values.contains { $0 <= 0 } || running.values.contains { $0 >= perTenant } }
}
