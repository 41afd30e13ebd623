package import Domain
package import Logging
import ServiceLifecycle
package import Store

/// What runs beside the runs: schedules that become due, messages to be sent, runs whose place is
/// free, details that nobody keeps any more. Any number of processes do it over one database.
package struct Upkeep: Service {
    /// Time between two looks at what is due.
    static let interval = Duration.seconds(1)
    /// Retention counts in days.
    static let thinningInterval = Duration.seconds(300)

    private let database: Database
    private let sender: WebhookSender
    private let doorbell: any Doorbell
    private let logger: Logger

    package init(database: Database, sender: WebhookSender, doorbell: any Doorbell, logger: Logger) {
        self.database = database
        self.sender = sender
        self.doorbell = doorbell
        self.logger = logger
    }

    /// Goes on until cancelled or asked to shut down.
    package func run() async throws {
        let clock = ScheduleClock(database)
        let admissions = RunAdmissions(database)
        let thinning = RunThinning(database)
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await repeating("Schedules could not be looked at.") {
                        await doorbell.ring(try await clock.sweep())
                    }
                }
                group.addTask {
                    await repeating("Held runs could not be looked at.") {
                        await doorbell.ring(try await admissions.sweep())
                    }
                }
                group.addTask {
                    await repeating("Old runs could not be thinned.", every: Self.thinningInterval) {
                        _ = try await thinning.sweep()
                    }
                }
                group.addTask {
                    await repeating("Webhooks could not be sent.") {
                        while try await sender.sweep() == WebhookSender.batch {}
                    }
                }
            }
        }
    }

    private func repeating(
        _ message: Logger.Message, every interval: Duration = Upkeep.interval, _ work: () async throws -> Void
    ) async {
        while !Task.isCancelled {
            await reporting(message, work)
            // Cancelled: the loop ends.
            try? await Task.sleep(for: interval)
        }
    }

    private func reporting(_ message: Logger.Message, _ work: () async throws -> Void) async {
        do {
            try await work()
        } catch {
            if !Task.isCancelled { logger.warning(message, metadata: ["error": "\(error)"]) }
        }
    }
}
