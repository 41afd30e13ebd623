import Domain
import Embedded
import FoundationEssentials
import MIME
import Postgres
import Store
import Synchronization
import TestKit
import Vault

/// A running platform: all roles as `persona up` starts them, at log level trace, on the test process's Postgres (a
/// database of its own), Redis and mail server, with one tenant. All tests share it: each has mail addresses and pages of
/// its own.
struct House: Sendable {
    static let owner = "owner@demo.test"

    let data: String
    let databaseURL: String
    let database: Database
    let master: MasterKey
    let mail: MailServer
    let tenant: TenantID
    let graph: GraphID
    /// Writes by itself.
    let ada: Resident
    /// Has a language model; see `Residents.model`.
    let bea: Resident
    let pages: PageServer
    /// The persona may go there, but nobody listens.
    let closedPort: UInt16
    let platform: PlatformProcess
    /// As `http://127.0.0.1:port`.
    let address: String

    /// A persona with its mailbox.
    struct Resident: Sendable {
        let name: String
        let persona = PersonaID.new()
        let mailbox = MailboxID.new()
        let address: String
    }

    /// Started by the first test that asks; ends with the test process.
    static func open() async throws -> House { try await shared.value }

    private static let shared = Task { () throws -> House in
        try await withCheckedThrowingContinuation { opened in
            // The database lives as long as the platform that uses it: until the process ends.
            Task {
                let isOpened = Mutex(false)
                do {
                    try await OwnDatabase.with { own in
                        let house = try await start(own.url)
                        isOpened.withLock { $0 = true }
                        opened.resume(returning: house)
                        for await _ in AsyncStream<Never>.makeStream().stream {}
                    }
                } catch {
                    if !isOpened.withLock({ $0 }) { opened.resume(throwing: error) }
                }
            }
        }
    }

    private static func start(_ url: String) async throws -> House {
        let data = try TemporaryTree.make("e2e")
        let mail = try await TestServices.shared.mailServer()
        let pages = try PageServer([:])
        let closed = try PageServer([:])
        closed.stop()
        let people = try Correspondent.settle(on: mail)
        let ada = Resident(name: "Ada", address: people.ada), bea = Resident(name: "Bea", address: people.bea)
        let master = try MasterKey(file: "\(data)/master.key")
        let database = Database(
            app: PostgresPool(PostgresConfiguration(dsn: url, onConnect: ["SET ROLE persona_app"]), size: 3),
            dispatch: PostgresPool(PostgresConfiguration(dsn: url, onConnect: ["SET ROLE persona_dispatch"]), size: 1))
        let seed = Seed(
            database: database, master: master, mail: mail, ports: [pages.port, closed.port],
            senders: people.correspondents)
        let (tenant, graph) = (TenantID.new(), GraphID.new())
        try await seed.plant(tenant, graph, [ada, bea])
        let log = "\(data)/platform.log"
        let platform = try await PlatformProcess.start(
            [
                "up", "--data-dir", data, "--database-url", url, "--redis-url",
                try await TestServices.shared.redisURL(), "--listen", "127.0.0.1:0", "--log-level", "trace",
                "--migrations", Repository.migrations, "--sandbox", "bubblewrap",
            ], log: log)
        let address = try await wait(for: "the platform listens") { () -> String? in
            platform.words.split(separator: "\n").first { $0.hasPrefix("Dashboard and API: ") }
                .map { String($0.dropFirst("Dashboard and API: ".count).prefix { $0 != " " }) }
        }
        return House(
            data: data, databaseURL: url, database: database, master: master, mail: mail, tenant: tenant, graph: graph,
            ada: ada, bea: bea, pages: pages, closedPort: closed.port, platform: platform,
            address: address.hasSuffix("/") ? String(address.dropLast()) : address)
    }
}
