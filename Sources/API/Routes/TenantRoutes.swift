import Domain
import FoundationEssentials
import HTTPTypes
import Store
import Vault

/// Tenants, for administrators of the whole platform.
struct TenantRoutes {
    let services: Services

    var endpoints: [Endpoint] { [list, create, get] }

    private static let schema = Schema.named(
        "Tenant",
        .object([
            Schema.required("id", .id), Schema.required("slug", .format(.slug)), Schema.required("name", .string()),
            Schema.required("status", .choice(["active", "suspended"])), Schema.required("created_at", .time),
        ]))

    private var list: Endpoint {
        Endpoint(
            method: .get, path: "/api/tenants", name: "listTenants", tag: "tenancy", summary: "Every tenant.",
            access: .platform, query: PageRequest.parameters, answer: .init(.ok, .page(of: Self.schema))
        ) { call in
            let page = try call.page()
            let tenants = try await services.tenants.list(
                after: page.after { TenantID($0) }, limit: page.limit + 1)
            return try .json(Page(tenants, limit: page.limit) { $0.id.description })
        }
    }

    private var create: Endpoint {
        Endpoint(
            method: .post, path: "/api/tenants", name: "createTenant", tag: "tenancy",
            summary: "Makes a tenant with its first owner.", access: .platform,
            body: .json(
                .object([
                    Schema.required("slug", .format(.slug)), Schema.required("name", .text(1...200)),
                    Schema.required(
                        "owner",
                        .object([
                            Schema.required("email", .format(.email)), Schema.required("name", .text(1...200)),
                            Schema.required("password", .text(UserRoutes.passwordLength)),
                        ])),
                ]),
                example: [
                    "slug": "acme", "name": "Acme",
                    "owner": ["email": "owner@acme.test", "name": "Olga Owner", "password": "at least ten characters"],
                ]),
            answer: .init(.created, Self.schema)
        ) { call in
            let caller = try call.authenticated()
            let input: TenantInput = try call.decode()
            let id = TenantID.new()
            let hash = try await services.hasher.hash(Secret(input.owner.password))
            try await services.tenants.create(
                id, slug: input.slug, name: input.name, master: services.master, actor: caller.actor)
            _ = try await services.users.create(
                id, id: .new(), email: input.owner.email, name: input.owner.name, role: "owner", passwordHash: hash,
                actor: caller.actor)
            guard let tenant = try await services.tenants.find(id) else { throw Problem.internalError }
            return try .json(tenant, status: .created)
        }
    }

    private var get: Endpoint {
        Endpoint(
            method: .get, path: "/api/tenants/{tenant_id}", name: "getTenant", tag: "tenancy", summary: "One tenant.",
            access: .platform, answer: .init(.ok, Self.schema)
        ) { call in
            guard let tenant = try await services.tenants.find(call.id("tenant_id", of: "tenant")) else {
                throw Problem.notFound("tenant")
            }
            return try .json(tenant)
        }
    }
}

private struct TenantInput: Decodable {
    struct Owner: Decodable {
        let email: String
        let name: String
        let password: String
    }

    let slug: String
    let name: String
    let owner: Owner
}
