package import Domain
import Postgres
package import Vault

/// A language model that a tenant's personas may use; the key apart.
package struct ModelProvider: Sendable {
    package let id: Identifier<ModelProviderSubject>
    package let name: String
    /// As `https://host/v1`.
    package let baseURL: String
    package let model: String
}

package enum ModelProviderSubject {}

package struct ModelProviders: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Where a provider's key is sealed: by its name, which is its identity within the tenant.
    package static func place(_ tenant: TenantID, name: String) -> SecretPlace {
        SecretPlace(tenant: tenant, table: "model_providers", row: name)
    }

    /// Makes or replaces the provider called `name`; `apiKey` is an envelope sealed at `place`.
    package func put(
        _ tenant: TenantID, name: String, baseURL: String, model: String, apiKey: [UInt8]?, actor: String
    ) async throws {
        _ = try await database.batch(
            tenant,
            [
                PostgresStatement(
                    """
                    INSERT INTO model_providers (tenant_id, provider_id, name, base_url, model, api_key)
                    VALUES ($1, $2, $3, $4, $5, $6)
                    ON CONFLICT (tenant_id, name) DO UPDATE SET base_url = excluded.base_url, model = excluded.model,
                        api_key = excluded.api_key, revision = model_providers.revision + 1, updated_at = platform_now()
                    """,
                    [
                        tenant.value, Identifier<ModelProviderSubject>.new().value, .text(name), .text(baseURL),
                        .text(model), .optional(apiKey) { .bytes($0) },
                    ]),
                AuditEntry(actor: actor, action: "model_provider.changed", subject: "model_provider:\(name)")
                    .statement(),
            ])
    }

    package func remove(_ tenant: TenantID, name: String, actor: String) async throws -> Bool {
        let results = try await database.batch(
            tenant,
            [
                PostgresStatement(
                    "DELETE FROM model_providers WHERE tenant_id = $1 AND name = $2 RETURNING name",
                    [tenant.value, .text(name)]),
                AuditEntry(actor: actor, action: "model_provider.removed", subject: "model_provider:\(name)")
                    .statement(),
            ])
        return !results[0].isEmpty
    }

    /// A provider with its sealed key.
    package func find(_ tenant: TenantID, name: String) async throws -> (provider: ModelProvider, apiKey: [UInt8]?)? {
        try await database.rows(
            tenant,
            "SELECT provider_id, name, base_url, model, api_key FROM model_providers WHERE tenant_id = $1 AND name = $2",
            [tenant.value, .text(name)]
        ).first.map {
            (
                ModelProvider(
                    id: try $0.id("provider_id"), name: try $0.text("name"), baseURL: try $0.text("base_url"),
                    model: try $0.text("model")), try $0.optionalBytes("api_key")
            )
        }
    }
}
