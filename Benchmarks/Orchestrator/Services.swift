import Embedded
import FoundationEssentials
import Glibc
import Postgres

/// The embedded Postgres as the platform runs it, durable, for as long as standard input stays open.
enum Services {
    static func serve(_ path: String) async throws {
        let directory = try DataDirectory(path)
        var settings = EmbeddedPostgres.Settings()
        // Peers open a connection for each run, up to 256.
        settings.maxConnections = 600
        settings.diesWithParent = true
        let postgres = try await EmbeddedPostgres.start(in: directory, settings: settings)
        let connection = try await PostgresConnection.connect(PostgresConfiguration(dsn: postgres.url()))
        _ = try await MigrationRunner(directory: "Migrations").up(connection)
        await connection.close()
        print("ready \(postgres.url())")
        fflush(nil)
        try await OwnThread.untilEndOfInput()
        try await postgres.stop()
    }
}

extension OwnThread {
    /// Returns when whoever started this has closed its end.
    fileprivate static func untilEndOfInput() async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        try start {
            while readLine() != nil {}
            continuation.finish()
        }
        for await _ in stream {}
    }
}
