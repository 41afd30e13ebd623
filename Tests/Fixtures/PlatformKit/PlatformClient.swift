package import Domain
import FoundationEssentials
import TestKit

/// A client of the API, as a person with curl is one.
package struct PlatformClient: Sendable {
    package struct Answer: Sendable {
        package let status: Int
        /// Names in lower case.
        package let headers: [String: String]
        package let body: String

        package var isSuccess: Bool { (200..<300).contains(status) }

        package func json() throws -> JSONValue { try JSONValue(parsing: Array(body.utf8)) }
    }

    /// `http://host:port`
    package let address: String
    package var token: String?

    package init(_ address: String, token: String? = nil) {
        self.address = address
        self.token = token
    }

    /// Logs in and gives the client with the session's token.
    package static func login(_ address: String, email: String, password: String) async throws -> PlatformClient {
        let client = PlatformClient(address)
        let answer = try await client.post(
            "/api/auth/login", ["email": .string(email), "password": .string(password)])
        guard answer.isSuccess, let token = try answer.json()["token"]?.string else {
            throw Overdue("no login: \(answer.status) \(answer.body)")
        }
        return PlatformClient(address, token: token)
    }

    package func get(_ path: String) async throws -> Answer { try await send("GET", path) }

    package func post(_ path: String, _ body: JSONValue, idempotencyKey: String? = nil) async throws -> Answer {
        try await send("POST", path, body, headers: idempotencyKey.map { ["Idempotency-Key: \($0)"] } ?? [])
    }

    /// The answer, whatever its status; throws where there is none at all.
    package func send(
        _ method: String, _ path: String, _ body: JSONValue? = nil, headers: [String] = []
    ) async throws -> Answer {
        let text = try body.map { String(decoding: try $0.canonicalBytes(), as: UTF8.self) }
        return try await send(method, path, text: text, headers: headers)
    }

    /// The same with a body that need not be JSON.
    package func send(
        _ method: String, _ path: String, text: String?, headers: [String] = []
    ) async throws -> Answer {
        var words = ["curl", "-sS", "-i", "--max-time", "120", "-X", method, "\(address)\(path)"]
        if let token { words += ["-H", "Authorization: Bearer \(token)"] }
        for header in headers { words += ["-H", header] }
        if text != nil { words += ["-H", "Content-Type: application/json", "--data-binary", "@-"] }
        let outcome = try await TestProgram.run(words, input: text ?? "")
        guard outcome.status == 0 else { throw Overdue("curl \(path): \(outcome.text)") }
        return Self.answer(outcome.text)
    }

    private static func answer(_ text: String) -> Answer {
        let lines = text.replacing("\r\n", with: "\n")
        let parts = lines.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
        let head = parts.first?.split(separator: "\n") ?? []
        var headers: [String: String] = [:]
        for line in head.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            headers[line[..<colon].lowercased()] = String(value)
        }
        let status = head.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Answer(status: status, headers: headers, body: parts.count > 1 ? String(parts[1]) : "")
    }
}
