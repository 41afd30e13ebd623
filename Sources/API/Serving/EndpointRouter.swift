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

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
    }
}

/// Serves a table of endpoints: authenticates, holds the body to its schema, maps every error to a problem.
package struct EndpointRouter: Sendable {
    /// Bytes of a JSON body; larger content goes to `/api/files`.
    package static let largestBody = 1024 * 1024

    let authenticator: any CallAuthenticator
    let idempotency: any IdempotencyKeeper
    /// Knows the errors of the layers below: gives the problem that a client should see, or `nil`.
    let translate: @Sendable (any Error) -> Problem?

    package init(
        authenticator: any CallAuthenticator, idempotency: any IdempotencyKeeper,
        translate: @escaping @Sendable (any Error) -> Problem?
    ) {
        self.authenticator = authenticator
        self.idempotency = idempotency
        self.translate = translate
    }

    package func router(for endpoints: [Endpoint]) -> Router<CallContext> {
        let router = Router(context: CallContext.self)
        router.add(middleware: UnknownRoutes(routes: endpoints))
        for endpoint in endpoints {
            router.on(RouterPath(endpoint.path), method: endpoint.method) { request, context in
                await respond(to: request, context, endpoint)
            }
        }
        return router
    }

    private func respond(to request: Request, _ context: CallContext, _ endpoint: Endpoint) async -> Response {
        let id = UUID().uuidString.lowercased()
        do {
            return try await serve(request, context, endpoint, id: id).response(id: id)
        } catch {
            let problem = (error as? Problem) ?? translate(error) ?? Self.problem(of: error)
            if problem.status.code >= 500 {
                context.logger.error(
                    "request failed",
                    metadata: ["request": "\(id)", "operation": "\(endpoint.name)", "error": "\(error)"])
            }
            return problem.response(id: id)
        }
    }

    private func serve(_ request: Request, _ context: CallContext, _ endpoint: Endpoint, id: String) async throws
        -> Reply
    {
        var caller: Caller?
        if endpoint.access != .anonymous {
            let known = try await authenticator.caller(of: request.headers, method: request.method)
            guard known.may(endpoint.access) else { throw Problem.forbidden }
            caller = known
        }
        let (body, bytes) = try await Self.body(of: request, for: endpoint)
        let call = Call(
            id: id, caller: caller,
            parameters: Dictionary(context.parameters.map { (String($0.key), String($0.value)) }) { $1 },
            query: Dictionary(request.uri.queryParameters.map { (String($0.key), String($0.value)) }) { $1 },
            headers: request.headers, body: body, content: request.body, logger: context.logger)
        guard request.method == .post, let caller, let key = request.headers[HeaderNames.idempotencyKey] else {
            return try await endpoint.handle(call)
        }
        let fingerprint = Array("\(endpoint.name) \(request.uri.path)\n".utf8) + bytes
        return try await idempotency.once(key: key, caller: caller, fingerprint: fingerprint) {
            try await endpoint.handle(call)
        }
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
        if let type = request.headers[.contentType], !type.lowercased().hasPrefix("application/json") {
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

    private static let tooLarge = Problem(
        .contentTooLarge, "too-large", "A JSON body may have \(largestBody) bytes; send files to /api/files.")

    private static func problem(of error: any Error) -> Problem {
        if let error = error as? HTTPError {
            return Problem(error.status, "request", error.body ?? error.status.reasonPhrase)
        }
        return error is NIOTooManyBytesError ? tooLarge : .internalError
    }
}

/// Unknown paths and methods answer as problems too.
struct UnknownRoutes: RouterMiddleware {
    typealias Context = CallContext
    let routes: [Endpoint]

    func handle(
        _ request: Request, context: CallContext,
        next: (Request, CallContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            let methods = routes.filter { $0.matches(request.uri.path) }.map(\.method.rawValue)
            let id = UUID().uuidString.lowercased()
            guard !methods.isEmpty else {
                return Problem(.notFound, "not-found", "There is nothing at this path; see /api/openapi.json.")
                    .response(id: id)
            }
            var response = Problem(
                .methodNotAllowed, "method-not-allowed", "This path does not take \(request.method)."
            )
            .response(id: id)
            response.headers[.allow] = methods.sorted().joined(separator: ", ")
            return response
        }
    }
}

extension Endpoint {
    fileprivate func matches(_ path: String) -> Bool {
        let mine = self.path.split(separator: "/"), theirs = path.split(separator: "/")
        return mine.count == theirs.count && zip(mine, theirs).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
}
