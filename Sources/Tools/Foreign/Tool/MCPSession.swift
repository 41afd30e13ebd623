import Domain
import ForeignContracts
import FoundationEssentials
import HTTPClient
import Synchronization
import ToolKit

/// One conversation with an MCP server (2025-06-18): initialised, asked, and ended.
final class MCPSession: Sendable {
    static let version = "2025-06-18"
    /// Pages of `tools/list`; a server with more never ends.
    private static let mostPages = 50

    private let transport: any MCPTransport
    private let changed = Mutex(false)
    private let next = Mutex<Int64>(0)

    private init(_ transport: any MCPTransport) { self.transport = transport }

    /// The server said that it has other tools now.
    var toolsChanged: Bool { changed.withLock { $0 } }

    static func with<Value: Sendable>(
        _ server: MCPBinding, _ client: ForeignHTTP, _ context: ToolContext,
        _ body: (MCPSession) async throws -> Value
    ) async throws -> Value {
        let transport: any MCPTransport
        if let url = server.url {
            transport = try MCPOverHTTP(url, server, client, context)
        } else {
            transport = try MCPOverPipes(server, context)
        }
        let session = MCPSession(transport)
        do {
            try await session.initialise()
            let value = try await body(session)
            await transport.end()
            return value
        } catch {
            await transport.end()
            throw error
        }
    }

    private func initialise() async throws {
        let answer = try await ask(
            "initialize",
            [
                "protocolVersion": .string(Self.version), "capabilities": [:],
                "clientInfo": ["name": "persona-platform", "version": "0.1.0"],
            ])
        guard let version = answer["protocolVersion"]?.string else {
            throw ToolFailure(.permanent, code: "not_reached", "The server did not say which MCP it speaks.")
        }
        transport.speaks(version)
        try await transport.tell(["jsonrpc": "2.0", "method": "notifications/initialized"])
    }

    func tools(limit: Int) async throws -> [JSONValue] {
        var tools: [JSONValue] = []
        var cursor: JSONValue?
        for _ in 0..<Self.mostPages {
            let answer = try await ask("tools/list", cursor.map { ["cursor": $0] } ?? [:])
            tools += answer["tools"]?.array ?? []
            cursor = answer["nextCursor"]
            if cursor == nil || cursor == .null || tools.count >= limit { break }
        }
        return Array(tools.prefix(limit))
    }

    func call(_ tool: String, _ input: JSONValue) async throws -> JSONValue {
        let answer = try await ask("tools/call", ["name": .string(tool), "arguments": input])
        let content = answer["content"]?.array ?? []
        let text = content.compactMap { $0["type"] == "text" ? $0["text"]?.string : nil }.joined(separator: "\n")
        if answer["isError"] == .bool(true) {
            throw ToolFailure(.permanent, code: "mcp_tool_error", "The server's tool failed: \(text.prefix(1_000))")
        }
        return [
            "text": .string(text), "structured": answer["structuredContent"] ?? .null,
            "content": .array(content.filter { $0["type"] != "text" }),
        ]
    }

    private func ask(_ method: String, _ parameters: JSONValue) async throws -> JSONValue {
        let id = next.withLock { next in
            next += 1
            return next
        }
        let question: JSONValue = [
            "jsonrpc": "2.0", "id": .int(id), "method": .string(method), "params": parameters,
        ]
        let changed = changedNote()
        let answer = try await transport.ask(question) { message in
            if message["method"] == "notifications/tools/list_changed" { changed() }
            guard message["id"] == .int(id), message["method"] == nil else { return Self.reply(to: message) }
            return .answer
        }
        if let error = answer["error"] {
            throw ToolFailure(
                .permanent, code: "mcp_refused",
                "The server refused '\(method)': \(error["message"]?.string?.prefix(500) ?? "no reason given")")
        }
        return answer["result"] ?? .null
    }

    private func changedNote() -> () -> Void { { self.changed.withLock { $0 = true } } }

    /// A server may ask for signs of life; it is given nothing else.
    private static func reply(to message: JSONValue) -> MCPReaction {
        guard let id = message["id"], let method = message["method"]?.string else { return .none }
        if method == "ping" { return .reply(["jsonrpc": "2.0", "id": id, "result": [:]]) }
        return .reply([
            "jsonrpc": "2.0", "id": id,
            "error": ["code": -32601, "message": "This client offers nothing of the kind."],
        ])
    }
}

/// What is done with a message of the server.
enum MCPReaction {
    /// It is what was waited for.
    case answer
    case reply(JSONValue)
    case none
}

/// How messages go to and fro.
protocol MCPTransport: Sendable {
    /// Sends `question` and reads until `react` says that the answer has come.
    func ask(_ question: JSONValue, _ react: @escaping (JSONValue) -> MCPReaction) async throws -> JSONValue
    func tell(_ notification: JSONValue) async throws
    /// The version that the server answered with.
    func speaks(_ version: String)
    func end() async
}

/// Streamable HTTP: a POST a message, answered by JSON or by a stream of events.
final class MCPOverHTTP: MCPTransport {
    private struct State {
        var session: String?
        var version: String?
    }

    private let url: String
    private let client: ForeignHTTP
    private let context: ToolContext
    private let secrets: [(name: String, value: String)]
    private let state = Mutex(State())

    init(_ url: String, _ server: MCPBinding, _ client: ForeignHTTP, _ context: ToolContext) throws {
        self.url = url
        self.client = client
        self.context = context
        secrets = try server.secrets.map { ($0.name, $0.prefix + (try context.secret($0.secret).reveal())) }
    }

    func ask(_ question: JSONValue, _ react: @escaping (JSONValue) -> MCPReaction) async throws -> JSONValue {
        let response = try await post(question)
        if let session = response.headers["Mcp-Session-Id"] { state.withLock { $0.session = session } }
        for message in Self.messages(response) {
            switch react(message) {
            case .answer: return message
            case .reply(let reply): try await tell(reply)
            case .none: continue
            }
        }
        throw ToolFailure(.transient, code: "no_answer", "The MCP server closed its answer without an answer.")
    }

    func tell(_ notification: JSONValue) async throws { _ = try await post(notification) }

    func speaks(_ version: String) { state.withLock { $0.version = version } }

    func end() async {
        guard state.withLock({ $0.session }) != nil else { return }
        // A server that keeps the session for a while longer does no harm.
        _ = try? await client.send(request("DELETE", nil), in: context)
    }

    private func post(_ message: JSONValue) async throws -> HTTPResponse {
        let response = try await client.send(request("POST", Array(try message.canonicalBytes())), in: context)
        guard (200..<300).contains(response.status) else {
            let words = String(decoding: response.body.prefix(500), as: UTF8.self)
            throw ToolFailure(
                response.status >= 500 ? .transient : .permanent,
                code: response.status >= 500 ? "http_failed" : "http_refused",
                "The MCP server answered \(response.status): \(words)")
        }
        return response
    }

    private func request(_ method: String, _ body: [UInt8]?) -> HTTPRequest {
        var headers: HTTPHeaders = ["Accept": "application/json, text/event-stream"]
        if body != nil { headers.append("Content-Type", "application/json") }
        let (session, version) = state.withLock { ($0.session, $0.version) }
        if let session { headers.append("Mcp-Session-Id", session) }
        if let version { headers.append("MCP-Protocol-Version", version) }
        for secret in secrets { headers.append(secret.name, secret.value) }
        return HTTPRequest(method, url, headers: headers, body: body)
    }

    /// Of a JSON body, or of the `data` of each event (WHATWG HTML, 9.2.6).
    private static func messages(_ response: HTTPResponse) -> [JSONValue] {
        // What is no JSON is no message.
        guard response.headers["Content-Type"]?.hasPrefix("text/event-stream") == true else {
            return (try? JSONValue(parsing: response.body)).map { [$0] } ?? []
        }
        var messages: [JSONValue] = []
        var data = ""
        for line in String(decoding: response.body, as: UTF8.self).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        {
            if line.hasPrefix("data:") {
                data += line.dropFirst(5) + "\n"
            } else if line.isEmpty, !data.isEmpty {
                // As above.
                if let message = try? JSONValue(parsing: Array(data.utf8)) { messages.append(message) }
                data = ""
            }
        }
        return messages
    }
}

/// A program of the sandbox, one message a line on its standard input and output.
final class MCPOverPipes: MCPTransport {
    /// Bytes of one line.
    private static let longestLine = 8 * 1024 * 1024
    private static let grace = Duration.seconds(1)

    private let program: PipedProgram
    private let deadline: ContinuousClock.Instant
    private let rest = Mutex<[UInt8]>([])

    init(_ server: MCPBinding, _ context: ToolContext) throws {
        var environment = server.environment
        for (secret, variable) in server.environmentSecrets {
            environment[variable] = try context.secret(secret).reveal()
        }
        if let proxy = context.proxy {
            for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
                environment[name] = "http://\(proxy)"
            }
        }
        program = try PipedProgram(server.command ?? [], in: context.directory, environment: environment)
        deadline = context.deadline
    }

    func ask(_ question: JSONValue, _ react: @escaping (JSONValue) -> MCPReaction) async throws -> JSONValue {
        var message = try Self.line(question)
        // Answers to what the server asks meanwhile go out with the next turn.
        while true {
            let line = try await turn(message)
            // What a server prints that is no message is not one.
            guard let read = try? JSONValue(parsing: line) else {
                message = []
                continue
            }
            switch react(read) {
            case .answer: return read
            case .reply(let reply): message = try Self.line(reply)
            case .none: message = []
            }
        }
    }

    func tell(_ notification: JSONValue) async throws {
        let program = program
        let (line, deadline) = (try Self.line(notification), deadline)
        // Small enough for the pipe: it is written at once, and what comes meanwhile is kept.
        let kept = try await BlockingWork.run(named: "mcp", onCancel: { program.stop() }) {
            program.write(line, before: deadline)
        }
        if !kept { throw ended() }
    }

    func speaks(_ version: String) {}

    func end() async {
        let program = program
        // Nothing to be told where it cannot be waited for.
        _ = try? await BlockingWork.run(named: "mcp", onCancel: {}) { program.end(after: Self.grace) }
    }

    private static func line(_ message: JSONValue) throws -> [UInt8] { Array(try message.canonicalBytes()) + [0x0A] }

    /// Sends bytes and gives the next line.
    private func turn(_ bytes: [UInt8]) async throws -> [UInt8] {
        let program = program
        let deadline = deadline
        let before = rest.withLock { rest in
            defer { rest = [] }
            return rest
        }
        let (line, left, failure) = try await BlockingWork.run(named: "mcp", onCancel: { program.stop() }) {
            Self.read(program, bytes, before, deadline)
        }
        rest.withLock { $0 = left }
        if let failure { throw failure }
        guard let line else { throw ended() }
        return line
    }

    private static func read(
        _ program: PipedProgram, _ bytes: [UInt8], _ before: [UInt8], _ deadline: ContinuousClock.Instant
    ) -> (line: [UInt8]?, rest: [UInt8], failure: ToolFailure?) {
        var buffer = before
        var failure: ToolFailure?
        // Only what is new is looked through: a line may be long.
        var hasLine = buffer.contains(0x0A)
        if !hasLine || !bytes.isEmpty {
            program.exchange(bytes, closingInput: false, before: deadline) { event in
                switch event {
                case .output(let more):
                    buffer += more
                    guard buffer.count <= longestLine else {
                        failure = ToolFailure(
                            .permanent, code: "output_too_long",
                            "The MCP server wrote a line beyond \(longestLine) bytes.")
                        return false
                    }
                    hasLine = hasLine || more.contains(0x0A)
                    return !hasLine
                case .ended: return false
                case .timedOut:
                    failure = ToolFailure(.transient, code: "timed_out", "The MCP server did not answer in time.")
                case .stopped: failure = ToolFailure(.transient, code: "cancelled", "The call was cancelled.")
                }
                return false
            }
        }
        guard let end = buffer.firstIndex(of: 0x0A) else { return (nil, buffer, failure) }
        return (Array(buffer[..<end]), Array(buffer[(end + 1)...]), nil)
    }

    private func ended() -> ToolFailure {
        ToolFailure(
            .transient, code: "no_answer", "The MCP server ended without an answer: \(program.complaint.suffix(500))")
    }
}
