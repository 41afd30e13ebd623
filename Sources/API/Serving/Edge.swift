import FoundationEssentials
import HTTPTypes
import Hummingbird

/// What every answer has, whatever made it: an id, its trace, and a problem where there is no route.
struct Edge: RouterMiddleware {
    typealias Context = CallContext

    let routes: [Endpoint]
    let counts: RequestCounts

    func handle(
        _ request: Request, context: CallContext,
        next: (Request, CallContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var context = context
        context.trace = request.headers[HeaderNames.traceparent].flatMap { TraceContext($0) } ?? TraceContext()
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as HTTPError {
            response = refusal(of: request, error, id: context.requestID)
        }
        response.headers[HeaderNames.requestID] = context.requestID
        response.headers[HeaderNames.traceparent] = context.trace.header
        response.headers[.xContentTypeOptions] = "nosniff"
        counts.add(status: response.status.code, took: ContinuousClock.now - start)
        return response
    }

    private func refusal(of request: Request, _ error: HTTPError, id: String) -> Response {
        guard error.status == .notFound else {
            return Problem(error.status, "request", error.body ?? error.status.reasonPhrase).response(id: id)
        }
        var methods = Set(routes.filter { $0.matches(request.uri.path) }.map(\.method.rawValue))
        guard !methods.isEmpty else {
            return Problem(.notFound, "not-found", "There is nothing at this path; see /api/openapi.json.")
                .response(id: id)
        }
        if methods.contains("GET") { methods.insert("HEAD") }
        var problem = Problem(.methodNotAllowed, "method-not-allowed", "This path does not take \(request.method).")
        problem.headers[.allow] = methods.sorted().joined(separator: ", ")
        return problem.response(id: id)
    }
}

extension Endpoint {
    fileprivate func matches(_ path: String) -> Bool {
        let mine = self.path.split(separator: "/"), theirs = path.split(separator: "/")
        return mine.count == theirs.count && zip(mine, theirs).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
}
