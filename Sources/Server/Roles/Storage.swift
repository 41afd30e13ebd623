import Domain
import Postgres
package import Store
package import Vault

/// The store as every role opens it.
package struct Storage: Sendable {
    /// Connections of one process to the tables as a tenant; two cores serve no more at once.
    static let appConnections = 8
    static let dispatchConnections = 3

    package let database: Database
    package let blobs: BlobStore
    package let master: MasterKey
    private let dispatchLogin: PostgresConfiguration

    package init(_ configuration: Configuration, _ addresses: ServiceAddresses, searchPath: String? = nil) throws {
        database = Database(
            app: Self.pool(addresses.app, role: "persona_app", searchPath, size: Self.appConnections),
            dispatch: Self.pool(
                addresses.dispatch, role: "persona_dispatch", searchPath, size: Self.dispatchConnections))
        dispatchLogin = Self.login(addresses.dispatch, role: "persona_dispatch", searchPath)
        blobs = BlobStore(root: configuration.dataDirectory + "/blobs")
        master = try MasterKey(file: configuration.masterKeyFile)
    }

    package func close() async {
        await database.app.close()
        await database.dispatch.close()
    }

    /// A login that owns tables or is a superuser would pass row-level security by: the role is set in any case.
    private static func login(_ url: Secret, role: String, _ searchPath: String?) -> PostgresConfiguration {
        let path = searchPath.map { ["SET search_path TO \($0), public"] } ?? []
        return PostgresConfiguration(dsn: url.reveal(), onConnect: path + ["SET ROLE \(role)"])
    }

    private static func pool(_ url: Secret, role: String, _ searchPath: String?, size: Int) -> PostgresPool {
        PostgresPool(login(url, role: role, searchPath), size: size)
    }

    /// Takes a number for this process's leases, with the lock that says that it lives (ADR 3).
    package func register() async throws -> ProcessOwner { try await ProcessOwner.register(dispatchLogin) }

    /// Brings the schema to the newest migration; gives the names of those applied.
    package static func migrate(_ addresses: ServiceAddresses, directory: String, searchPath: String? = nil)
        async throws -> [String]
    {
        let path = searchPath.map { ["SET search_path TO \($0), public"] } ?? []
        let connection = try await PostgresConnection.connect(
            PostgresConfiguration(dsn: addresses.owner.reveal(), onConnect: path))
        do {
            let applied = try await MigrationRunner(directory: directory).up(connection)
            await connection.close()
            return applied.map { "\($0.number) \($0.name)" }
        } catch {
            await connection.close()
            throw error
        }
    }
}
