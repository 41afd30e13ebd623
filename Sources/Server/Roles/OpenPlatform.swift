import Logging

/// Opens the store for a command and closes it again, with embedded services started (or found running) around it.
enum OpenPlatform {
    static func with<Value: Sendable>(
        _ configuration: Configuration, _ body: (Storage, ServiceAddresses) async throws -> Value
    ) async throws -> Value {
        let services = try await EmbeddedServices.start(configuration, logger: configuration.logger("services"))
        do {
            let addresses = try services.addresses(configuration)
            _ = try await Storage.migrate(addresses, directory: configuration.migrations)
            let storage = try Storage(configuration, addresses)
            let value: Value
            do {
                value = try await body(storage, addresses)
            } catch {
                await storage.close()
                throw error
            }
            await storage.close()
            try await services.stop()
            return value
        } catch {
            // The first error is the one to show.
            try? await services.stop()
            throw error
        }
    }
}
