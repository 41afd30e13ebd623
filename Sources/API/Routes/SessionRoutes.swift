import Domain
import FoundationEssentials
import HTTPTypes
import Store
import Vault

/// Login, logout, who am I, API tokens.
struct SessionRoutes {
    /// A session lasts twelve hours: a working day with its margins.
    static let sessionSeconds = 12 * 3600
    static let mostTokenDays: Int64 = 3650

    let services: Services

    var endpoints: [Endpoint] { [login, logout, me, listTokens, createToken, revokeToken] }

    private var login: Endpoint {
        Endpoint(
            method: .post, path: "/api/auth/login", name: "login", tag: "session",
            summary: "Opens a session. The token goes into Authorization; browsers may use the cookie instead.",
            access: .anonymous,
            body: .json(
                .object([
                    Schema.required("email", .format(.email)),
                    Schema.required("password", .text(1...PasswordHasher.longestPassword)),
                    Schema.optional(
                        "tenant", .format(.slug), "needed only where the address belongs to several tenants"),
                ]), example: ["email": "owner@demo.test", "password": "…"]),
            answer: .init(
                .ok,
                .object([
                    Schema.required("token", .string()), Schema.required("expires_at", .time),
                    Schema.required("csrf_token", .string(), "for X-CSRF-Token where the cookie is used"),
                    Schema.required("user", UserBody.schema),
                ]))
        ) { call in
            let input: LoginInput = try call.decode()
            let address = input.email.lowercased()
            try services.throttle.check(address)
            guard let (tenant, id) = try await match(input), let user = try await services.users.find(tenant, id) else {
                services.throttle.failed(address)
                throw Problem(.unauthorized, "bad-credentials", "The e-mail address or the password is wrong.")
            }
            services.throttle.succeeded(address)
            let secret = TokenSecret(.session, tenant: tenant)
            let token = try await services.tokens.create(
                secret, id: .new(), user: id, name: "", scopes: [], lifetime: Self.sessionSeconds, actor: "user:\(id)")
            let cookie =
                "\(TokenAuthenticator.cookie)=\(secret.reveal()); Path=/; Max-Age=\(Self.sessionSeconds); Secure; HttpOnly; SameSite=Strict"
            return try .json(
                LoginOutput(
                    token: secret.reveal(), expiresAt: token.expiresAt, csrfToken: secret.csrfToken,
                    user: UserBody(user, tenant: tenant)),
                headers: [.setCookie: cookie])
        }
    }

    /// The user whose password it is. One comparison is made even where nobody has the address.
    private func match(_ input: LoginInput) async throws -> (TenantID, UserID)? {
        var candidates = try await services.users.candidates(email: input.email)
        if let slug = input.tenant {
            let tenant = try await services.tenants.find(slug: slug)?.id
            candidates = candidates.filter { $0.tenant == tenant }
        }
        guard !candidates.isEmpty else {
            _ = try await services.hasher.verify(Secret(input.password), against: nil)
            return nil
        }
        for (tenant, user) in candidates {
            let hash = try await services.users.passwordHash(tenant, user)
            if try await services.hasher.verify(Secret(input.password), against: hash) { return (tenant, user) }
        }
        return nil
    }

    private var logout: Endpoint {
        Endpoint(
            method: .post, path: "/api/auth/logout", name: "logout", tag: "session", summary: "Ends this session.",
            access: .read, answer: .init(.noContent)
        ) { call in
            let caller = try call.authenticated()
            _ = try await services.tokens.revoke(
                caller.tenant, caller.token, user: caller.user, actor: caller.actor)
            let cookie = "\(TokenAuthenticator.cookie)=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict"
            return Reply(.noContent, headers: [.setCookie: cookie])
        }
    }

    private var me: Endpoint {
        Endpoint(
            method: .get, path: "/api/me", name: "me", tag: "session", summary: "The user whose token this is.",
            access: .read, answer: .init(.ok, UserBody.schema)
        ) { call in
            let caller = try call.authenticated()
            guard let user = try await services.users.find(caller.tenant, caller.user) else {
                throw Problem.unauthenticated
            }
            return try .json(UserBody(user, tenant: caller.tenant))
        }
    }

    private var listTokens: Endpoint {
        Endpoint(
            method: .get, path: "/api/tokens", name: "listTokens", tag: "session", summary: "Your API tokens.",
            access: .read, query: PageRequest.parameters, answer: .init(.ok, .page(of: TokenBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let page = try call.page()
            let tokens = try await services.tokens.list(
                caller.tenant, user: caller.user, after: page.after { TokenID($0) }, limit: page.limit + 1)
            return try .json(Page(tokens.map { TokenBody($0) }, limit: page.limit) { $0.id.description })
        }
    }

    private var createToken: Endpoint {
        Endpoint(
            method: .post, path: "/api/tokens", name: "createToken", tag: "session",
            summary: "Makes an API token with your rights, or fewer. Its secret is shown this once.", access: .read,
            body: .json(
                .object([
                    Schema.required("name", .text(1...100)),
                    Schema.optional(
                        "scopes", .array(of: .choice(["read", "operate", "administer", "audit", "platform"]), most: 5),
                        "none: everything that your role may do"),
                    Schema.optional("expires_in_days", .nullable(.integer(1...Self.mostTokenDays))),
                ]), example: ["name": "nightly report", "scopes": ["read"]]),
            answer: .init(.created, .object(TokenBody.members + [Schema.required("secret", .string())]))
        ) { call in
            let caller = try call.authenticated()
            let input: TokenInput = try call.decode()
            // A token cannot give what it does not have.
            let scopes = input.scopes ?? []
            guard caller.scopes.isEmpty || (!scopes.isEmpty && caller.scopes.isSuperset(of: scopes)) else {
                throw Problem.forbidden
            }
            let secret = TokenSecret(.api, tenant: caller.tenant)
            let token = try await services.tokens.create(
                secret, id: .new(), user: caller.user, name: input.name, scopes: scopes,
                lifetime: input.expiresInDays.map { $0 * 86_400 }, actor: caller.actor)
            return try .json(TokenBody(token, secret: secret.reveal()), status: .created)
        }
    }

    private var revokeToken: Endpoint {
        Endpoint(
            method: .delete, path: "/api/tokens/{token_id}", name: "revokeToken", tag: "session",
            summary: "Ends one of your tokens.", access: .read, answer: .init(.noContent)
        ) { call in
            let caller = try call.authenticated()
            let id: TokenID = try call.id("token_id", of: "token")
            guard
                try await services.tokens.revoke(caller.tenant, id, user: caller.user, actor: caller.actor)
            else { throw Problem.notFound("token") }
            return Reply(.noContent)
        }
    }
}

private struct LoginInput: Decodable {
    let email: String
    let password: String
    let tenant: String?
}

private struct LoginOutput: Encodable {
    let token: String
    let expiresAt: Date?
    let csrfToken: String
    let user: UserBody

    enum CodingKeys: String, CodingKey {
        case token, user
        case expiresAt = "expires_at"
        case csrfToken = "csrf_token"
    }
}

private struct TokenInput: Decodable {
    let name: String
    let scopes: [String]?
    let expiresInDays: Int?

    enum CodingKeys: String, CodingKey {
        case name, scopes
        case expiresInDays = "expires_in_days"
    }
}

private struct TokenBody: Encodable {
    let id: TokenID
    let name: String
    let scopes: [String]
    let createdAt: Date
    let expiresAt: Date?
    let secret: String?

    init(_ token: Token, secret: String? = nil) {
        id = token.id
        name = token.name
        scopes = token.scopes
        createdAt = token.createdAt
        expiresAt = token.expiresAt
        self.secret = secret
    }

    enum CodingKeys: String, CodingKey {
        case id, name, scopes, secret
        case createdAt = "created_at"
        case expiresAt = "expires_at"
    }

    static let members = [
        Schema.required("id", .id), Schema.required("name", .string()),
        Schema.required("scopes", .array(of: .string())), Schema.required("created_at", .time),
        Schema.optional("expires_at", .nullable(.time)),
    ]
    static let schema = Schema.named("Token", .object(members))
}
