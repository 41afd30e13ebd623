package import ArgumentParser

/// Brings the database to the newest migration.
package struct MigrateCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Apply the migrations that the database has not seen yet.")

    @OptionGroup package var options: ConfigurationOptions

    package init() {}

    package func run() async throws {
        let configuration = try options.load()
        if let running = try ServiceAddresses(running: configuration) {
            return show(try await Storage.migrate(running, directory: configuration.migrations))
        }
        let services = try await EmbeddedServices.start(configuration, logger: configuration.logger("migrate"))
        let result: Result<[String], any Error>
        do {
            let addresses = try services.addresses(configuration)
            result = .success(try await Storage.migrate(addresses, directory: configuration.migrations))
        } catch {
            result = .failure(error)
        }
        try await services.stop()
        show(try result.get())
    }

    private func show(_ applied: [String]) {
        print(applied.isEmpty ? "Nothing to do: the schema is up to date." : applied.joined(separator: "\n"))
    }
}
