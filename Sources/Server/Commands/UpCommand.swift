package import ArgumentParser
import Domain
import Logging
import ServiceLifecycle

/// Everything in one process, on embedded services where none are configured.
package struct UpCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Run all roles in this process, with embedded services where none are configured.")

    @OptionGroup package var options: ConfigurationOptions

    @Flag(help: "Seed the demo tenant and do the main job once: a mail in, an answer with three files out.")
    package var mainJob = false

    @Flag(help: "Stop after the main job: status 0 when the answer arrived.")
    package var once = false

    package init() {}

    package func validate() throws {
        if once, !mainJob { throw ValidationError("--once goes with --main-job.") }
    }

    package func run() async throws {
        let configuration = try options.load()
        let logger = configuration.logger("persona")
        let services = try await EmbeddedServices.start(configuration, logger: logger)
        do {
            try await serve(configuration, services, logger)
        } catch {
            // The first error is the one to show.
            try? await services.stop()
            throw error
        }
        try await services.stop()
    }

    private func serve(_ configuration: Configuration, _ embedded: EmbeddedServices, _ logger: Logger) async throws {
        let addresses = try embedded.addresses(configuration)
        for name in try await Storage.migrate(addresses, directory: configuration.migrations) {
            print("Migrated: \(name)")
        }
        try embedded.publish(configuration)
        let storage = try Storage(configuration, addresses)
        let roles = Roles(configuration: configuration, addresses: addresses, logger: logger)
        let job = mainJob ? try MainJob(configuration: configuration, storage: storage, stopsAfter: once) : nil
        var services = try roles.services(Role.allCases, storage: storage) { port in
            print("Dashboard and API: http://\(configuration.listen.host):\(port)/")
        }
        services.append(embedded.watch)
        if let job { services += [job.site, job] as [any Service] }
        do {
            try await roles.run(services)
        } catch {
            // The first error is the one to show.
            try? await job?.stop()
            throw error
        }
        try await job?.stop()
        await storage.close()
        if once, let failure = job?.outcome.failure { throw failure }
    }
}
