package import ArgumentParser
import Domain
import Store
import Vault

/// What an operator does at the machine itself.
package struct AdminCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "admin", abstract: "Make tenants and owners, set passwords.",
        subcommands: [CreateTenant.self, SetPassword.self])

    package init() {}
}

extension AdminCommand {
    struct CreateTenant: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create-tenant", abstract: "Make a tenant and its owner; prints the owner's password.")

        @OptionGroup var options: ConfigurationOptions
        @Option(help: "Short name: lower-case letters, digits and hyphens.") var slug: String
        @Option(help: "Name shown to people.") var name: String
        @Option(help: "The owner's e-mail address.") var owner: String
        @Flag(help: "The owner also administers the whole platform.") var platformAdmin = false

        func run() async throws {
            let configuration = try options.load()
            try await OpenPlatform.with(configuration) { storage, _ in
                let password = Password.random()
                let tenant = TenantID.new()
                let hash = try await PasswordHasher().hash(password)
                try await Tenants(storage.database).create(
                    tenant, slug: slug, name: name, master: storage.master, actor: "system")
                _ = try await Users(storage.database).create(
                    tenant, id: .new(), email: owner, name: owner, role: "owner", passwordHash: hash,
                    isPlatformAdmin: platformAdmin, actor: "system")
                print("Tenant \(slug) (\(tenant)) is made.\nLogin: \(owner)\nPassword: \(password.reveal())")
            }
        }
    }

    struct SetPassword: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-password", abstract: "Give a person a new random password and print it.")

        @OptionGroup var options: ConfigurationOptions
        @Option(help: "The person's e-mail address.") var email: String

        func run() async throws {
            let configuration = try options.load()
            try await OpenPlatform.with(configuration) { storage, _ in
                let users = Users(storage.database)
                let candidates = try await users.candidates(email: email)
                guard let (tenant, user) = candidates.first, candidates.count == 1 else {
                    throw ValidationError(
                        candidates.isEmpty ? "Nobody active has this address." : "Several tenants know this address.")
                }
                let password = Password.random()
                _ = try await users.update(
                    tenant, user, revision: nil, name: nil, role: nil, status: nil,
                    passwordHash: try await PasswordHasher().hash(password), actor: "system")
                print("Password of \(email): \(password.reveal())")
            }
        }
    }
}

/// A password that a machine made up.
enum Password {
    /// 24 of 32 symbols that are hard to confuse: 120 bits.
    static func random() -> Secret {
        let symbols = Array("abcdefghijkmnpqrstuvwxyz23456789")
        return Secret(String((0..<24).compactMap { _ in symbols.randomElement() }))
    }
}
