import Logging

/// Opens the store for a command and closes it again, with embedded services started (or found running) around it.
enum OpenPlatform {
    static func with<Value: Sendable>(
        _ configuration: Configuration, _ body: (Storage, ServiceAddresses) async throws -> Value
    ) async throws -> Value {
        if let running = try ServiceAddresses(running: configuration) {
            return try await with(configuration, running, body)
        }
        let services = try await EmbeddedServices.start(configuration, logger: configuration.logger("services"))
        do {
            let value = try await with(configuration, try services.addresses(configuration), body)
            try await services.stop()
            return value
        } catch {
            // The first error is the one to show.
            try? await services.stop()
            throw error
        }
    }

    private static func with<Value: Sendable>(
        _ configuration: Configuration, _ addresses: ServiceAddresses,
        _ body: (Storage, ServiceAddresses) async throws -> Value
    ) async throws -> Value {
        _ = try await Storage.migrate(addresses, directory: configuration.migrations)
        let storage = try Storage(configuration, addresses)
        do {
            let value = try await body(storage, addresses)
            await storage.close()
            return value
        } catch {
            await storage.close()
            throw error
        }
    }
}
