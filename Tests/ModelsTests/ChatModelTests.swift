import Domain
import HTTPClient
import Models
import Synchronization
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct ChatModelTests {
    private static let client = Result { try HTTPClient() }
    private static let key = "sk-canary-4711"

    private final class Notes: Sendable {
        let deltas = Mutex<[String]>([])
        let waits = Mutex<[Duration]>([])
    }

    private func model(
        _ server: ModelServer, _ notes: Notes = Notes(), limits: ChatLimits = ChatLimits()
    ) throws -> ChatModel {
        ChatModel(
            ModelEndpoint(baseURL: server.baseURL + "/", model: "small", key: Secret(Self.key)),
            client: try Self.client.get(), limits: limits,
            environment: ChatModel.Environment(
                sleep: { wait in notes.waits.withLock { $0.append(wait) } }, random: { 0.5 }))
    }

    private func failure(_ work: () async throws -> Void) async -> ModelFailure? {
        do {
            try await work()
            return nil
        } catch {
            let failure = error as? ModelFailure
            #expect(failure?.description.contains(Self.key) != true)
            return failure
        }
    }

    private let request = ChatRequest(
        messages: [ChatMessage(.system, "Be brief."), ChatMessage(.user, "Hello \"you\"")], temperature: 0.5,
        maximumTokens: 100, format: .jsonSchema(name: "reply", schema: ["type": "object"]))

    @Test func anAnswerStreamsPieceByPiece() async throws {
        let server = try ModelServer([.answer("Grüße aus \"Köln\"", pieces: 4)])
        let notes = Notes()
        let completion = try await model(server, notes).complete(request) { delta in
            notes.deltas.withLock { $0.append(delta) }
        }
        #expect(completion.text == "Grüße aus \"Köln\"")
        #expect(notes.deltas.withLock { $0 }.count == 4)
        #expect(completion.finishReason == "stop")
        #expect(completion.usage == ChatCompletion.Usage(promptTokens: 7, completionTokens: 4))
        #expect(completion.model == "fake-model")
        #expect(completion.attempts == 1)
        let sent = try #require(server.requests.first)
        #expect(sent.target == "/v1/chat/completions")
        #expect(sent.headers["authorization"] == "Bearer \(Self.key)")
        let body = try JSONValue(parsing: sent.body)
        #expect(body["model"] == "small")
        #expect(body["stream"] == true)
        #expect(body["max_tokens"] == 100)
        #expect(body["messages"]?[1]?["content"] == "Hello \"you\"")
        #expect(body["response_format"]?["json_schema"]?["schema"]?["type"] == "object")
    }

    @Test func rateLimitsAreWaitedOutAsTheProviderAsks() async throws {
        let server = try ModelServer([.failure(429, retryAfter: "7"), .failure(503), .answer("ok")])
        let notes = Notes()
        let completion = try await model(server, notes).complete(request)
        #expect(completion.attempts == 3)
        #expect(notes.waits.withLock { $0 } == [.seconds(7), .milliseconds(500)])
    }

    @Test(arguments: [
        (429, ModelFailure.Code.rateLimited), (500, .unavailable), (502, .unavailable), (503, .unavailable),
        (504, .unavailable),
    ])
    func attemptsAreBounded(_ status: Int, _ code: ModelFailure.Code) async throws {
        let server = try ModelServer([.failure(status)])
        let failure = await failure { _ = try await model(server).complete(request) }
        #expect(failure?.code == code)
        #expect(server.requests.count == ChatLimits().attempts)
    }

    @Test(arguments: [
        (401, "invalid_api_key", "Incorrect API key provided: sk-canary-4711", ModelFailure.Code.unauthorized),
        (403, "forbidden", "No.", .unauthorized),
        (400, "context_length_exceeded", "Too long.", .contextLength),
        (400, "bad", "This model's maximum context length is 10 tokens.", .contextLength),
        (400, "bad", "Echo of sk-canary-4711", .rejected), (404, "model_not_found", "No model.", .misconfigured),
        (413, "too_large", "Too large.", .contextLength), (418, "teapot", "Tea.", .rejected),
        (429, "insufficient_quota", "Pay.", .quotaExhausted), (302, "moved", "Elsewhere.", .misconfigured),
    ])
    func refusalsAreNamedAndNotRepeated(
        _ status: Int, _ name: String, _ message: String, _ code: ModelFailure.Code
    ) async throws {
        let server = try ModelServer([.failure(status, code: name, message: message)])
        let failure = await failure { _ = try await model(server).complete(request) }
        #expect(failure?.code == code)
        #expect(failure?.isTransient == false)
        #expect(server.requests.count == 1)
    }

    @Test func aStreamCutAtAnyByteIsNeverAShortAnswer() async throws {
        let text = "One two three."
        let whole = ModelServerReply.answerCompleteOffset(text)
        let limits = ChatLimits(attempts: 1)
        for cut in 0..<ModelServerReply.answerBytes(text) {
            let server = try ModelServer([.cut(text, at: cut)])
            let model = try model(server, limits: limits)
            do {
                let completion = try await model.complete(request)
                #expect(completion.text == text, "cut at \(cut)")
                #expect(cut >= whole - 4, "cut at \(cut)")
            } catch let failure as ModelFailure {
                #expect(failure.code == .truncated, "cut at \(cut)")
            }
        }
    }

    @Test func aCutAfterTheFirstPieceIsNotRetried() async throws {
        let text = "One two three."
        let server = try ModelServer([.cut(text, at: ModelServerReply.answerCompleteOffset(text) / 2), .answer(text)])
        let notes = Notes()
        let failure = await failure {
            _ = try await model(server, notes).complete(request) { delta in notes.deltas.withLock { $0.append(delta) } }
        }
        #expect(failure?.code == .truncated)
        #expect(!notes.deltas.withLock { $0 }.isEmpty)
        #expect(server.requests.count == 1)
    }

    @Test func aConnectionLostBeforeTheFirstPieceIsRetried() async throws {
        let server = try ModelServer([ModelServerReply([.close]), ModelServerReply([.reset]), .answer("ok")])
        let completion = try await model(server).complete(request)
        #expect(completion.text == "ok")
        #expect(completion.attempts == 3)
    }

    @Test func aBodyEndedWithoutAReasonIsTruncated() async throws {
        let server = try ModelServer([
            .stream([#"{"choices":[{"index":0,"delta":{"content":"half"},"finish_reason":null}]}"#])
        ])
        let failure = await failure { _ = try await model(server).complete(request) }
        #expect(failure?.code == .truncated)
    }

    @Test(arguments: [
        "{", "null", "[]", "{}", #"{"choices":3}"#, #"{"choices":[{"delta":{"content":5}}]}"#, "nonsense",
    ])
    func malformedEventsAreNamed(_ payload: String) async throws {
        let server = try ModelServer([.stream([payload, "[DONE]"])])
        let failure = await failure { _ = try await model(server).complete(request) }
        #expect(failure?.code == .malformedStream)
    }

    @Test func anErrorInsideTheStreamIsNamed() async throws {
        let server = try ModelServer([.stream([#"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#])])
        let failure = await failure { _ = try await model(server, limits: ChatLimits(attempts: 1)).complete(request) }
        #expect(failure?.code == .rateLimited)
    }

    @Test func aPageInPlaceOfAStreamIsMalformed() async throws {
        let server = try ModelServer([.response(200, body: Array("<html>".utf8), contentType: "text/html")])
        let failure = await failure { _ = try await model(server).complete(request) }
        #expect(failure?.code == .malformedStream)
    }

    @Test func aHangEndsAtTheTotalDeadline() async throws {
        let server = try ModelServer([.hang])
        let limits = ChatLimits(total: .milliseconds(200), idle: .seconds(60))
        let failure = await failure { _ = try await model(server, limits: limits).complete(request) }
        #expect(failure?.code == .timedOut)
    }

    @Test func aSilentStreamEndsAtTheIdleLimit() async throws {
        let server = try ModelServer([ModelServerReply([.send(ModelServerReply.streamHead()), .hang])])
        let limits = ChatLimits(idle: .milliseconds(100), attempts: 1)
        let failure = await failure { _ = try await model(server, limits: limits).complete(request) }
        #expect(failure?.code == .timedOut)
    }

    @Test func aDripThatMakesNoEventEndsAtTheIdleLimit() async throws {
        // Some 100 s to its first event: a busy machine reads it late, but never whole.
        let server = try ModelServer([.drip(String(repeating: "never whole ", count: 800), milliseconds: 10)])
        let limits = ChatLimits(idle: .milliseconds(200), attempts: 1)
        let failure = await failure { _ = try await model(server, limits: limits).complete(request) }
        #expect(failure?.code == .timedOut)
        await server.waitForPeerClosed()
    }

    @Test func aStreamOverTheBoundFails() async throws {
        let server = try ModelServer([.answer(String(repeating: "word ", count: 10_000), pieces: 100)])
        let failure = await failure {
            _ = try await model(server, limits: ChatLimits(responseBytes: 10_000)).complete(request)
        }
        #expect(failure?.code == .answerTooLarge)
    }

    @Test func cancellationClosesTheStream() async throws {
        let server = try ModelServer([.hang])
        let model = try model(server)
        let task = Task { try await model.complete(request) }
        await server.waitForRequests(1)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await server.waitForPeerClosed()
    }

    @Test func aRetryAfterPastTheDeadlineGivesUpAtOnce() async throws {
        let server = try ModelServer([.failure(429, retryAfter: "3600"), .answer("late")])
        let failure = await failure { _ = try await model(server).complete(request) }
        #expect(failure?.code == .rateLimited)
        #expect(failure?.retryAfter == .seconds(3600))
        #expect(server.requests.count == 1)
    }

    @Test func aProviderInTroubleIsNotHammered() async throws {
        let server = try ModelServer([.failure(500)])
        let model = try model(server)
        for _ in 0..<10 { _ = await failure { _ = try await model.complete(request) } }
        #expect(server.requests.count <= 10 + 11)
    }

    @Test func aKeyThatCouldSmuggleAHeaderIsRefused() async throws {
        let server = try ModelServer([.answer("ok")])
        let model = ChatModel(
            ModelEndpoint(baseURL: server.baseURL, model: "m", key: Secret("a\r\nX: b")), client: try Self.client.get())
        let failure = await failure { _ = try await model.complete(request) }
        #expect(failure?.code == .misconfigured)
        #expect(server.requests.isEmpty)
    }
}
