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

    let keys: IdempotencyKeys

    package init(_ keys: IdempotencyKeys) { self.keys = keys }

    package func once(
        key: String, caller: Caller, fingerprint: [UInt8], answer: @Sendable () async throws -> Reply
    ) async throws -> Reply {
        guard (1...255).contains(key.count) else {
            throw Problem(.badRequest, "bad-idempotency-key", "An Idempotency-Key has 1 to 255 characters.")
        }
        let hash = Array(SHA256.hash(data: Data(fingerprint)))
        switch try await keys.claim(caller.tenant, user: caller.user, key: key, requestHash: hash) {
        case .fresh: return try await serve(key, caller, answer)
        case .answered(let status, let headers, let body): return Self.reply(status, headers, body)
        case .inProgress:
            throw Problem(
                .conflict, "in-progress", "A request with this Idempotency-Key is being served; ask again shortly.",
                retryAfter: 1)
        case .otherRequest:
            throw Problem(
                .unprocessableContent, "idempotency-key-reused", "This Idempotency-Key was used for another request.")
        }
    }

    private func serve(_ key: String, _ caller: Caller, _ answer: @Sendable () async throws -> Reply) async throws
        -> Reply
    {
        do {
            let reply = try await answer()
            var body: [UInt8] = []
            if case .json(let data) = reply.content { body = Array(data) }
            var headers: [String: String] = [:]
            for name in Self.kept { headers[name.canonicalName] = reply.headers[name] }
            try await keys.answer(
                caller.tenant, user: caller.user, key: key, status: reply.status.code, headers: headers, body: body)
            return reply
        } catch {
            try await keys.release(caller.tenant, user: caller.user, key: key)
            throw error
        }
    }

    private static func reply(_ status: Int, _ headers: [String: String], _ body: [UInt8]) -> Reply {
        var fields = HTTPFields()
        for name in kept { fields[name] = headers[name.canonicalName] }
        return Reply(
            HTTPResponse.Status(code: status), headers: fields, content: body.isEmpty ? .none : .json(Data(body)))
    }
}
