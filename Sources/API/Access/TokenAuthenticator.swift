import Domain
package import HTTPTypes
package import Store
import Vault

/// Tokens from `Authorization: Bearer` (RFC 6750) or from the dashboard's cookie with its CSRF header.
package struct TokenAuthenticator: CallAuthenticator {
    /// `__Host-`: only over TLS or loopback, only for this host, only for the whole of it (RFC 6265bis, 4.1.3.2).
    static let cookie = "__Host-persona"

    let tokens: Tokens

    package init(_ tokens: Tokens) { self.tokens = tokens }

    package func caller(of headers: HTTPFields, method: HTTPRequest.Method) async throws -> Caller {
        guard let secret = try Self.secret(in: headers, method: method),
            let holder = try await tokens.holder(of: secret),
            let role = Caller.Role(rawValue: holder.role)
        else { throw Problem.unauthenticated }
        return Caller(
            tenant: secret.tenant, user: holder.user, token: holder.token, role: role,
            isPlatformAdmin: holder.isPlatformAdmin, scopes: Set(holder.scopes))
    }

    private static func secret(in headers: HTTPFields, method: HTTPRequest.Method) throws -> TokenSecret? {
        if let header = headers[.authorization] {
            let parts = header.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
            return TokenSecret(String(parts[1]))
        }
        guard let text = cookieValue(in: headers), let secret = TokenSecret(text), secret.kind == .session else {
            return nil
        }
        let isSafe = method == .get || method == .head || method == .options
        guard isSafe || headers[HeaderNames.csrfToken] == secret.csrfToken else {
            throw Problem(
                .forbidden, "csrf", "Send the csrf_token of the login as X-CSRF-Token with a cookie's writes.")
        }
        return secret
    }

    private static func cookieValue(in headers: HTTPFields) -> String? {
        for header in headers[values: .cookie] {
            for pair in header.split(separator: ";") {
                let text = pair.drop { $0 == " " }
                if text.hasPrefix("\(cookie)=") { return String(text.dropFirst(cookie.count + 1)) }
            }
        }
        return nil
    }
}
