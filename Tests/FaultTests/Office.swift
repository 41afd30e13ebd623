import Domain
import FoundationEssentials
import MIME
import PlatformKit
import Store
import TestKit
import Vault

/// A tenant with a persona, its mailbox and the demonstration's graph, in a database and a data directory of their own.
/// Postgres, Redis, the mail server and the pages are those of the test process: they survive whatever happens to the
/// platform.
struct Office: Sendable {
    let data: String
    let databaseURL: String
    let redisURL: String
    let seed: TenantSeed
    let account: Correspondent
    let sender: Correspondent
    let pages: PageServer
    let persona: PersonaID
    let mailbox: MailboxID

    static let pages = ["/tides", "/harbours"]

    /// Only these may run beside each other: each is a whole platform with a browser.
    static let gate = Gate(2)

    var database: Database { seed.database }
    var tenant: TenantID { seed.tenant }

    static func with(_ body: (Office) async throws -> Void) async throws {
        try await gate.with {
            try await OwnDatabase.with { own in
                let office = try await open(
                    TemporaryTree.make("fault"), url: own.url, redisURL: TestServices.shared.redisURL())
                do {
                    try await body(office)
                } catch {
                    await office.close()
                    throw error
                }
                await office.close()
            }
        }
    }

    /// In a data directory whose Postgres answers at `url`; to be closed at the end.
    static func open(_ data: String, url: String, redisURL: String = "") async throws -> Office {
        let seed = TenantSeed(
            database: TenantSeed.open(url), master: try MasterKey(file: "\(data)/master.key"))
        let account = try await Correspondent.one(), sender = try await Correspondent.one()
        let pages = try pageServer()
        try await seed.plant()
        let persona = try await seed.persona("Ada", ports: [pages.port])
        let mailbox = try await seed.mailbox(
            persona, account, name: "Ada", senders: [sender.address],
            graph: try await seed.graph(TenantSeed.briefing(), slug: "briefing"))
        return Office(
            data: data, databaseURL: url, redisURL: redisURL, seed: seed, account: account, sender: sender,
            pages: pages, persona: persona, mailbox: mailbox)
    }

    func start(failpoint: String? = nil) async throws -> PlatformProcess {
        try await PlatformProcess.start(
            [
                "up", "--data-dir", data, "--database-url", databaseURL, "--redis-url", redisURL, "--listen",
                "127.0.0.1:0", "--migrations", Repository.migrations, "--sandbox", "bubblewrap",
            ], log: "\(data)/platform.log", failpoint: failpoint)
    }

    /// Puts the request into the persona's mailbox and gives its Message-ID.
    func request() async throws -> String {
        var message = sender.mail(
            to: MIME.Mailbox(name: "Ada", address: account.address), "Briefing on tides",
            "Hello Ada,\n\nplease write a briefing on tides from\n\n"
                + Self.pages.map { "  \(pages.url($0))\n" }.joined() + "\nand from the table attached.\n\nMira\n")
        message.attachments = [
            OutgoingMessage.Attachment(
                name: "tides.csv", mediaType: "text/csv",
                data: Array("month,high,low\n2026-01,3.1,0.4\n2026-02,3.3,0.2\n2026-03,3.6,0.1\n".utf8))
        ]
        try await sender.deliver(try message.serialised(), to: account.address)
        return message.messageID
    }

    /// The run that the mail began, once there is one.
    func run() async throws -> Run? { try await Runs(database).list(tenant, limit: 2).last }

    /// The run, once nothing more happens by itself.
    func settled() async throws -> Run {
        try await wait(for: "the run ends") {
            let run = try await run()
            return run?.status.isFinal == true || run?.status == .waiting ? run : nil
        }
    }

    func close() async {
        pages.stop()
        await seed.close()
    }

    private static func pageServer() throws -> PageServer {
        let prose = String(
            repeating: "<p>Tides rise and fall twice a day, pulled by the moon, and harbours keep tables of them.</p>",
            count: 6)
        return try PageServer(
            Dictionary(
                uniqueKeysWithValues: pages.map { path in
                    (path, .answer(body: "<!doctype html><title>On \(path.dropFirst())</title><h1>Tides</h1>\(prose)"))
                }))
    }
}
