import Domain
import FoundationEssentials
package import HTTPTypes

/// An error answer (RFC 9457). Never carries a stack trace, SQL or a secret.
package struct Problem: Error, Sendable {
    package var status: HTTPResponse.Status
    /// Last part of the `type` URI: stable, kebab-case.
    package var kind: String
    /// What happened and what to do about it.
    package var detail: String
    package var faults: [SchemaFault] = []
    /// Seconds for `Retry-After`.
    package var retryAfter: Int?
    package var headers: HTTPFields = [:]

    package init(
        _ status: HTTPResponse.Status, _ kind: String, _ detail: String, faults: [SchemaFault] = [],
        retryAfter: Int? = nil
    ) {
        self.status = status
        self.kind = kind
        self.detail = detail
        self.faults = faults
        self.retryAfter = retryAfter
    }

    package static func notFound(_ what: String) -> Problem {
        Problem(.notFound, "not-found", "There is no such \(what).")
    }

    package static func invalid(_ faults: [SchemaFault]) -> Problem {
        Problem(
            .unprocessableContent, "invalid", "The request is well-formed but does not fit; see errors.", faults: faults
        )
    }

    package static let unauthenticated = Problem(
        .unauthorized, "unauthenticated",
        "Send a valid token as 'Authorization: Bearer …'; POST /api/auth/login gives one.")
    package static let forbidden = Problem(
        .forbidden, "forbidden", "Your role or this token's scopes do not allow this.")
    package static let unavailable = Problem(
        .serviceUnavailable, "unavailable", "A service that the platform depends on is away; try again shortly.",
        retryAfter: 2)
    package static let outcomeUnknown = Problem(
        .serviceUnavailable, "outcome-unknown",
        "The connection to the database broke before it had answered: the request may have taken effect. Repeat it with "
            + "the same Idempotency-Key, or look before you repeat it without one.",
        retryAfter: 1)
    package static let internalError = Problem(
        .internalServerError, "internal", "The platform failed; its log has the cause under this request's id.")

    package static func tooManyRequests(retryAfter seconds: Int) -> Problem {
        Problem(
            .tooManyRequests, "too-many-requests", "This token made too many requests; RateLimit says when to go on.",
            retryAfter: seconds)
    }

    func body(instance: String) -> JSONValue {
        var fields: [String: JSONValue] = [
            "type": .string("urn:persona:problem:\(kind)"), "title": .string(status.reasonPhrase),
            "status": .int(Int64(status.code)), "detail": .string(detail), "instance": .string("urn:uuid:\(instance)"),
        ]
        if !faults.isEmpty {
            fields["errors"] = .array(
                faults.map { ["pointer": .string($0.pointer), "detail": .string($0.detail)] })
        }
        return .object(fields)
    }

    package static let schema = Schema.named(
        "Problem",
        .object([
            Schema.required("type", .format(.uri)), Schema.required("title", .string()),
            Schema.required("status", .integer(400...599)), Schema.required("detail", .string()),
            Schema.required("instance", .format(.uri), "the request's id, as in the platform's log"),
            Schema.optional(
                "errors",
                .array(
                    of: .object([
                        Schema.required("pointer", .string(), "JSON pointer into the request body"),
                        Schema.required("detail", .string()),
                    ]))),
        ]))
}
