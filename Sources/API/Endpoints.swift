import Domain
import FoundationEssentials
import HTTPTypes
package import Hummingbird
import Postgres
import Store
import Vault

/// The whole contract as one table.
package enum Endpoints {
    package static let version = "0.1.0"

    package static func all(_ services: Services) throws -> [Endpoint] {
        let described =
            SessionRoutes(services: services).endpoints + TenantRoutes(services: services).endpoints
            + UserRoutes(services: services).endpoints + PersonaRoutes(services: services).endpoints
            + GraphRoutes(services: services).endpoints + MailboxRoutes(services: services).endpoints
            + RunRoutes(services: services).endpoints + FileRoutes(services: services).endpoints
            + AuditRoutes(services: services).endpoints + ScheduleRoutes(services: services).endpoints
            + WebhookRoutes(services: services).endpoints + HookRoutes(services: services).endpoints
            + ApprovalRoutes(services: services).endpoints + SettingsRoutes(services: services).endpoints
            + DeadLetterRoutes(services: services).endpoints + DoubtRoutes(services: services).endpoints
            + HistoryRoutes(services: services).endpoints
            + OperationRoutes(services: services).endpoints
        let document = try OpenAPIDocument(endpoints: described, version: version).json.canonicalBytes()
        let openAPI = Endpoint(
            method: .get, path: "/api/openapi.json", name: "openapi", tag: "operations", summary: "This document.",
            access: .anonymous, answer: .init(.ok, .map(of: .any))
        ) { _ in Reply(.ok, headers: [.cacheControl: "max-age=60"], content: .json(document)) }
        let dashboard = try services.dashboard.map { try DashboardFiles.endpoints(directory: $0) } ?? []
        return described + [openAPI] + dashboard
    }

    /// The router that serves them.
    package static func router(_ services: Services) throws -> Router<CallContext> {
        EndpointRouter(
            authenticator: TokenAuthenticator(services.tokens),
            idempotency: StoredIdempotency(IdempotencyKeys(services.database)), limiter: services.limiter,
            counts: services.counts, translate: problem
        ).router(for: try all(services))
    }

    /// Errors of the store as a client should see them.
    @Sendable static func problem(of error: any Error) -> Problem? {
        switch error {
        case StoreError.taken(let what):
            Problem(.conflict, "taken", "This \(what) is in use; choose another.")
        case StoreError.stale:
            Problem(.preconditionFailed, "stale", "The resource changed since you read it; read it again.")
        case StoreError.notFound(let what): Problem.notFound(what)
        case StoreError.queueFull:
            Problem(
                .tooManyRequests, "queue-full", "Too many runs of your tenant wait to be begun; try again later.",
                retryAfter: 5)
        case let error as PostgresError where error.isTransient: Problem.unavailable
        case let error as PostgresError where error.isOutcomeUnknown: Problem.outcomeUnknown
        case let error as PostgresError where error.code == .closed || error.code == .timedOut: Problem.unavailable
        // Text with NUL, a number or time out of Postgres's range: what a client sent does not fit.
        case let error as PostgresError
        where error.code == .invalidParameter || error.sqlstate?.hasPrefix("22") == true:
            Problem(.badRequest, "bad-parameter", "A value is outside of what can be stored or looked up.")
        case BlobError.tooLarge: Problem(.contentTooLarge, "too-large", "\(BlobError.tooLarge)")
        case BlobError.failed: Problem(.serviceUnavailable, "no-space", "The platform cannot store files now.")
        default: nil
        }
    }
}
