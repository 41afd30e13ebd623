import Crypto
import Domain
import FoundationEssentials
import HTTPTypes
package import Store

/// Idempotency keys kept in the store, a day long. Answers of success and of bad input are kept; a failure of the
/// platform frees the key, so that the client may try again.
package struct StoredIdempotency: IdempotencyKeeper {
    /// Header fields that belong to the answer itself.
    private static let kept: [HTTPField.Name] = [.location, .eTag]

    /// A repeat waits for the first request's answer: 50 looks in 5 seconds, the patience of most clients.
    private static let mostLooks = 50
    private static let lookInterval = Duration.milliseconds(100)

    let keys: IdempotencyKeys

    package init(_ keys: IdempotencyKeys) { self.keys = keys }

    package func once(
        key: String, caller: Caller, fingerprint: [UInt8], answer: @Sendable () async throws -> Reply
    ) async throws -> Reply {
        guard (1...255).contains(key.count) else {
            throw Problem(.badRequest, "bad-idempotency-key", "An Idempotency-Key has 1 to 255 characters.")
        }
        let hash = Array(SHA256.hash(data: Data(fingerprint)))
        for _ in 0..<Self.mostLooks {
            switch try await keys.claim(caller.tenant, user: caller.user, key: key, requestHash: hash) {
            case .fresh: return try await serve(key, caller, answer)
            case .answered(let status, let headers, let body): return Self.reply(status, headers, body)
            case .inProgress: try await Task.sleep(for: Self.lookInterval)
            case .otherRequest:
                throw Problem(
                    .unprocessableContent, "idempotency-key-reused",
                    "This Idempotency-Key was used for another request.")
            }
        }
        throw Problem(
            .conflict, "in-progress", "A request with this Idempotency-Key is being served; ask again shortly.",
            retryAfter: 1)
    }

    private func serve(_ key: String, _ caller: Caller, _ answer: @Sendable () async throws -> Reply) async throws
        -> Reply
    {
        let reply: Reply
        do {
            reply = try await answer()
        } catch {
            try await finish { try await keys.release(caller.tenant, user: caller.user, key: key) }
            throw error
        }
        var body: [UInt8] = []
        if case .json(let data) = reply.content { body = Array(data) }
        var headers: [String: String] = [:]
        for name in Self.kept { headers[name.canonicalName] = reply.headers[name] }
        let (status, kept, content) = (reply.status.code, headers, body)
        try await finish {
            try await keys.answer(
                caller.tenant, user: caller.user, key: key, status: status, headers: kept, body: content)
        }
        return reply
    }

    /// In a task of its own: a client that has gone away cancels its request, and the key must be settled all the same.
    private func finish(_ work: @escaping @Sendable () async throws -> Void) async throws {
        try await Task { try await work() }.value
    }

    private static func reply(_ status: Int, _ headers: [String: String], _ body: [UInt8]) -> Reply {
        var fields = HTTPFields()
        for name in kept { fields[name] = headers[name.canonicalName] }
        return Reply(
            HTTPResponse.Status(code: status), headers: fields, content: body.isEmpty ? .none : .json(Data(body)))
    }
}
