package import ArgumentParser
import Embedded
import Logging

/// `persona api`, `persona orchestrator`, `persona worker`: one role in a process of its own.
package struct APICommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(commandName: "api", abstract: "Serve the API alone.")
    @OptionGroup package var options: ConfigurationOptions
    package init() {}
    package func run() async throws { try await OneRole.run(.api, options) }
}

package struct OrchestratorCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "orchestrator", abstract: "Advance runs, alone.")
    @OptionGroup package var options: ConfigurationOptions
    package init() {}
    package func run() async throws { try await OneRole.run(.orchestrator, options) }
}

package struct WorkerCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Run tools in personas' sandboxes and watch mailboxes, alone.")
    @OptionGroup package var options: ConfigurationOptions
    package init() {}
    package func run() async throws { try await OneRole.run(.worker, options) }
}

/// Keeps the embedded Postgres and Redis running for roles in processes of their own.
package struct ServicesCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "services", abstract: "Run the embedded Postgres and Redis for roles in their own processes.")
    @OptionGroup package var options: ConfigurationOptions
    package init() {}

    package func run() async throws {
        let configuration = try options.load()
        let logger = configuration.logger("services")
        let services = try await EmbeddedServices.start(configuration, logger: logger)
        do {
            let addresses = try services.addresses(configuration)
            _ = try await Storage.migrate(addresses, directory: configuration.migrations)
            try services.publish(configuration)
            print("Postgres and Redis are up; stop them with Ctrl-C.")
            try await Roles(configuration: configuration, addresses: addresses, logger: logger)
                .run([UntilStopped(), services.watch])
        } catch {
            // The first error is the one to show.
            try? await services.stop()
            throw error
        }
        try await services.stop()
    }
}

enum OneRole {
    /// Serves over configured services, or over those that another process has started in this data directory.
    static func run(_ role: Role, _ options: ConfigurationOptions) async throws {
        let configuration = try options.load()
        let logger = configuration.logger(role.rawValue)
        let addresses = try ServiceAddresses(found: configuration)
        let storage = try Storage(configuration, addresses)
        let roles = Roles(configuration: configuration, addresses: addresses, logger: logger)
        let services = try roles.services([role], storage: storage) { port in
            print("Listening on http://\(configuration.listen.host):\(port)")
        }
        try await roles.run(services)
        await storage.close()
    }
}
