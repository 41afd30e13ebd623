package import ArgumentParser
import Store

/// Proves the audit chains.
package struct AuditCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Prove the audit log.", subcommands: [Verify.self])

    package init() {}

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Recompute every tenant's hash chain; exit status 1 where one is broken.")

        /// Tenants read at a time.
        static let batch = 200

        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let configuration = try options.load()
            let isIntact = try await OpenPlatform.with(configuration) { storage, _ in
                let tenants = Tenants(storage.database), log = AuditLog(storage.database)
                var isIntact = true
                var page = try await tenants.list(after: nil, limit: Self.batch)
                while let last = page.last {
                    for tenant in page {
                        switch try await log.verify(tenant.id) {
                        case .intact(let entries): print("\(tenant.slug): \(entries) entries, intact")
                        case .broken(let seq, let reason):
                            print("\(tenant.slug): BROKEN at entry \(seq): \(reason)")
                            isIntact = false
                        }
                    }
                    page = try await tenants.list(after: last.id, limit: Self.batch)
                }
                return isIntact
            }
            if !isIntact { throw ExitCode(1) }
        }
    }
}
