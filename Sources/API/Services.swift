package import Domain
package import FoundationEssentials
package import Store
package import Vault

/// What the routes stand on.
package struct Services: Sendable {
    package let database: Database
    package let blobs: BlobStore
    package let master: MasterKey
    package let hasher: PasswordHasher
    package let throttle: LoginThrottle
    package let limiter: RateLimiter
    package let counts = RequestCounts()
    package let startedAt = Date()
    /// Told of new runs, and heard for new events; `nil` leaves both to the sweeps.
    package let doorbell: (any Doorbell)?
    package let bell: RunEventBell
    /// Folder of the dashboard's files; `nil` serves none.
    package let dashboard: String?
    /// Why messages may not be sent to a URL, or `nil`.
    package let refusalOfWebhook: @Sendable (String) -> String?
    /// What `/readyz` asks, by name.
    package let probes: [Probe]

    package struct Probe: Sendable {
        package let name: String
        package let check: @Sendable () async throws -> Void

        package init(_ name: String, check: @escaping @Sendable () async throws -> Void) {
            self.name = name
            self.check = check
        }
    }

    package init(
        database: Database, blobs: BlobStore, master: MasterKey, hasher: PasswordHasher = PasswordHasher(),
        throttle: LoginThrottle = LoginThrottle(), limiter: RateLimiter = RateLimiter(),
        doorbell: (any Doorbell)? = nil, dashboard: String? = nil,
        refusalOfWebhook: @escaping @Sendable (String) -> String? = { _ in nil }, probes: [Probe]
    ) {
        self.database = database
        self.blobs = blobs
        self.master = master
        self.hasher = hasher
        self.throttle = throttle
        self.limiter = limiter
        self.doorbell = doorbell
        bell = RunEventBell(doorbell)
        self.dashboard = dashboard
        self.refusalOfWebhook = refusalOfWebhook
        self.probes = probes
    }

    var tenants: Tenants { Tenants(database) }
    var users: Users { Users(database) }
    var tokens: Tokens { Tokens(database) }
    var personas: Personas { Personas(database) }
    var graphs: Graphs { Graphs(database) }
    var mailboxes: Mailboxes { Mailboxes(database) }
    var mails: Mails { Mails(database) }
    var providers: ModelProviders { ModelProviders(database) }
    var files: Files { Files(database) }
    var runs: Runs { Runs(database) }
    var runDocuments: RunDocuments { RunDocuments(database) }
    var audit: AuditLog { AuditLog(database) }
    var schedules: Schedules { Schedules(database) }
    var webhooks: Webhooks { Webhooks(database) }
    var approvals: Approvals { Approvals(database) }
    var past: RunPast { RunPast(database) }
    var settings: TenantSettingsStore { TenantSettingsStore(database) }
    var doubts: Doubts { Doubts(database) }
    var deadLetters: DeadLetters { DeadLetters(database) }
    var webhookIntake: WebhookIntake { WebhookIntake(database) }
}
