import Domain
import Logging

/// What a long tool says of itself while it runs. It goes to the log; the run's own events are its checkpoints.
struct RunProgress: Sendable {
    let logger: Logger

    func tell(_ tenant: TenantID, _ run: RunID, message: String, fraction: Double?) async {
        logger.info(
            "\(message)",
            metadata: ["run": "\(run)", "fraction": "\(fraction.map { String($0) } ?? "unknown")"])
    }
}
