import Domain
import FoundationEssentials
package import HTTPTypes
package import Hummingbird
import Logging
import NIOCore

/// Turns a token or cookie into a caller.
package protocol CallAuthenticator: Sendable {
    /// Throws `Problem.unauthenticated` where the credentials are absent or bad, and `Problem.forbidden` where a
    /// cookie comes without its CSRF header.
    func caller(of headers: HTTPFields, method: HTTPRequest.Method) async throws -> Caller
}

/// Makes a repeated POST with one Idempotency-Key get the first one's answer.
package protocol IdempotencyKeeper: Sendable {
    func once(
        key: String, caller: Caller, fingerprint: [UInt8], answer: @Sendable () async throws -> Reply
    ) async throws -> Reply
}

package struct CallContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// In the answer, in problems and in the log.
    let requestID = UUID().uuidString.lowercased()
    var trace = TraceContext()

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
    }
}

/// Serves a table of endpoints: authenticates, counts, holds the body to its schema, maps every error to a problem.
package struct EndpointRouter: Sendable {
    /// Bytes of a JSON body; larger content goes to `/api/files`.
    package static let largestBody = 1024 * 1024

    let authenticator: any CallAuthenticator
    let idempotency: any IdempotencyKeeper
    let limiter: RateLimiter
    let counts: RequestCounts
    /// Knows the errors of the layers below: gives the problem that a client should see, or `nil`.
    let translate: @Sendable (any Error) -> Problem?

    package init(
        authenticator: any CallAuthenticator, idempotency: any IdempotencyKeeper, limiter: RateLimiter,
        counts: RequestCounts, translate: @escaping @Sendable (any Error) -> Problem?
    ) {
        self.authenticator = authenticator
        self.idempotency = idempotency
        self.limiter = limiter
        self.counts = counts
        self.translate = translate
    }

    package func router(for endpoints: [Endpoint]) -> Router<CallContext> {
        let router = Router(context: CallContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: Edge(routes: endpoints, counts: counts))
        for endpoint in endpoints {
            router.on(RouterPath(endpoint.path), method: endpoint.method) { request, context in
                await respond(to: request, context, endpoint)
            }
        }
        return router
    }

    private func respond(to request: Request, _ context: CallContext, _ endpoint: Endpoint) async -> Response {
        let id = context.requestID
        var quota: RateLimiter.Quota?
        var response: Response
        do {
            response = try await serve(request, context, endpoint, quota: &quota).response()
        } catch {
            let problem = (error as? Problem) ?? translate(error) ?? Self.problem(of: error)
            if problem.status.code >= 500 {
                context.logger.error(
                    "request failed",
                    metadata: ["request": "\(id)", "operation": "\(endpoint.name)", "error": "\(error)"])
            }
            response = problem.response(id: id)
        }
        quota?.write(to: &response.headers)
        return response
    }

    private func serve(
        _ request: Request, _ context: CallContext, _ endpoint: Endpoint, quota: inout RateLimiter.Quota?
    ) async throws -> Reply {
        var caller: Caller?
        if endpoint.access != .anonymous {
            let known = try await authenticator.caller(of: request.headers, method: request.method)
            let left = limiter.take(known.token)
            quota = left
            guard !left.isExceeded else { throw Problem.tooManyRequests(retryAfter: left.reset) }
            guard known.may(endpoint.access) else { throw Problem.forbidden }
            caller = known
        }
        let (body, bytes) = try await Self.body(of: request, for: endpoint)
        let key = request.method == .post && caller != nil ? request.headers[HeaderNames.idempotencyKey] : nil
        let call = Call(
            id: context.requestID, trace: context.trace, caller: caller,
            parameters: Dictionary(context.parameters.map { (String($0.key), String($0.value)) }) { $1 },
            query: Dictionary(request.uri.queryParameters.map { (String($0.key), String($0.value)) }) { $1 },
            headers: request.headers, body: body, content: request.body, logger: context.logger,
            idempotencyKey: key, idempotency: idempotency, place: "\(endpoint.name) \(request.uri.description)")
        if case .raw = endpoint.body { return try await endpoint.handle(call) }
        return try await call.once(bytes) { try await endpoint.handle(call) }
    }

    private static func body(of request: Request, for endpoint: Endpoint) async throws -> (JSONValue, [UInt8]) {
        guard case .json(let schema, _, let isRequired) = endpoint.body else { return (.null, []) }
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > largestBody { throw tooLarge }
        let buffer: ByteBuffer
        do {
            buffer = try await request.body.collect(upTo: largestBody)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
        let bytes = Array(buffer.readableBytesView)
        if bytes.isEmpty && !isRequired { return (.object([:]), []) }
        if let type = request.headers[.contentType], !isJSON(type) {
            throw Problem(.unsupportedMediaType, "unsupported-media-type", "Send application/json.")
        }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw Problem(.badRequest, "malformed", "The body is not JSON.")
        }
        let faults = schema.faults(in: value)
        guard faults.isEmpty else { throw Problem.invalid(faults) }
        return (value, bytes)
    }

    /// `application/json`, or any type with the suffix `+json` (RFC 6839, 3.1).
    private static func isJSON(_ type: String) -> Bool {
        let name = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        return name == "application/json" || name.hasSuffix("+json")
    }

    private static let tooLarge = Problem(
        .contentTooLarge, "too-large", "A JSON body may have \(largestBody) bytes; send files to /api/files.")

    private static func problem(of error: any Error) -> Problem {
        if let error = error as? HTTPError {
            return Problem(error.status, "request", error.body ?? error.status.reasonPhrase)
        }
        return error is NIOTooManyBytesError ? tooLarge : .internalError
    }
}
