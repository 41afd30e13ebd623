import Domain
import FoundationEssentials
import HTTPTypes
import Store
import Vault

/// The people of a tenant.
struct UserRoutes {
    static let passwordLength = 10...PasswordHasher.longestPassword
    static let roles = ["owner", "admin", "member", "auditor"]

    let services: Services

    var endpoints: [Endpoint] { [list, create, get, update] }

    private var list: Endpoint {
        Endpoint(
            method: .get, path: "/api/users", name: "listUsers", tag: "tenancy", summary: "The people of your tenant.",
            access: .read, query: PageRequest.parameters, answer: .init(.ok, .page(of: UserBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let page = try call.page()
            let users = try await services.users.list(
                caller.tenant, after: page.after { UserID($0) }, limit: page.limit + 1)
            return try .json(
                Page(users.map { UserBody($0, tenant: caller.tenant) }, limit: page.limit) { $0.id.description })
        }
    }

    private var create: Endpoint {
        Endpoint(
            method: .post, path: "/api/users", name: "createUser", tag: "tenancy", summary: "Adds a person.",
            access: .administer,
            body: .json(
                .object([
                    Schema.required("email", .format(.email)), Schema.required("name", .text(1...200)),
                    Schema.required("role", .choice(Self.roles)),
                    Schema.required("password", .text(Self.passwordLength)),
                ]),
                example: [
                    "email": "mira@demo.test", "name": "Mira Sommer", "role": "member",
                    "password": "at least ten characters",
                ]),
            answer: .init(.created, UserBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let input: UserInput = try call.decode()
            try Self.check(caller, grants: input.role)
            let user = try await services.users.create(
                caller.tenant, id: .new(), email: input.email, name: input.name, role: input.role,
                passwordHash: try await services.hasher.hash(Secret(input.password)), actor: caller.actor)
            return try Self.reply(user, caller.tenant, .created)
        }
    }

    private var get: Endpoint {
        Endpoint(
            method: .get, path: "/api/users/{user_id}", name: "getUser", tag: "tenancy", summary: "One person.",
            access: .read, answer: .init(.ok, UserBody.schema)
        ) { call in
            let caller = try call.authenticated()
            guard let user = try await services.users.find(caller.tenant, call.id("user_id", of: "user")) else {
                throw Problem.notFound("user")
            }
            return try Self.reply(user, caller.tenant, .ok)
        }
    }

    private var update: Endpoint {
        Endpoint(
            method: .patch, path: "/api/users/{user_id}", name: "updateUser", tag: "tenancy",
            summary: "Changes a person's name, role, status or password. If-Match is honoured.", access: .administer,
            body: .json(
                .object([
                    Schema.optional("name", .text(1...200)), Schema.optional("role", .choice(Self.roles)),
                    Schema.optional("status", .choice(["active", "disabled"])),
                    Schema.optional("password", .text(Self.passwordLength)),
                ]), example: ["role": "admin"]),
            answer: .init(.ok, UserBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let id: UserID = try call.id("user_id", of: "user")
            let input: UserChange = try call.decode()
            guard let known = try await services.users.find(caller.tenant, id) else { throw Problem.notFound("user") }
            try Self.check(caller, grants: known.role)
            if let role = input.role { try Self.check(caller, grants: role) }
            if id == caller.user, input.status == "disabled" || (input.role.map { $0 != known.role } ?? false) {
                throw Problem(.conflict, "own-account", "You cannot disable yourself or change your own role.")
            }
            var hash: String?
            if let password = input.password { hash = try await services.hasher.hash(Secret(password)) }
            let user = try await services.users.update(
                caller.tenant, id, revision: try call.expectedRevision(), name: input.name, role: input.role,
                status: input.status, passwordHash: hash, actor: caller.actor)
            return try Self.reply(user, caller.tenant, .ok)
        }
    }

    /// Only owners make, unmake or change owners.
    private static func check(_ caller: Caller, grants role: String) throws {
        if role == "owner", caller.role != .owner { throw Problem.forbidden }
    }

    private static func reply(_ user: User, _ tenant: TenantID, _ status: HTTPResponse.Status) throws -> Reply {
        try .json(UserBody(user, tenant: tenant), status: status, headers: .entity(revision: user.revision))
    }
}

private struct UserInput: Decodable {
    let email: String
    let name: String
    let role: String
    let password: String
}

private struct UserChange: Decodable {
    let name: String?
    let role: String?
    let status: String?
    let password: String?
}

/// A person as the API shows one.
struct UserBody: Encodable {
    let id: UserID
    let tenantID: TenantID
    let email: String
    let name: String
    let role: String
    let status: String
    let createdAt: Date
    let updatedAt: Date

    init(_ user: User, tenant: TenantID) {
        id = user.id
        tenantID = tenant
        email = user.email
        name = user.name
        role = user.role
        status = user.status
        createdAt = user.createdAt
        updatedAt = user.updatedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, email, name, role, status
        case tenantID = "tenant_id"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    static let schema = Schema.named(
        "User",
        .object([
            Schema.required("id", .id), Schema.required("tenant_id", .id), Schema.required("email", .string()),
            Schema.required("name", .string()), Schema.required("role", .choice(UserRoutes.roles)),
            Schema.required("status", .choice(["active", "disabled"])), Schema.required("created_at", .time),
            Schema.required("updated_at", .time),
        ]))
}
