import Domain
import FoundationEssentials
import MIME
import PlatformKit
import Store
import TestKit
import Testing

/// Who writes, and whether the answer tells the truth about it. The tests change one provider, and so run in turn.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ModelTests {
    static let outline = """
        {"title": "Trams by night, by a model", "summary": "Night trams pay.", "points": [
         {"text": "The harbour's young people ride at night.", "source": 1},
         {"text": "Lit stops bring women to the trams.", "source": 2}]}
        """

    @Test func streamedOutlineOfTheModelIsUsedAndNamed() async throws {
        let (house, server) = try await provider([.answer(Self.outline, pieces: 9, model: "tiny-7b")])
        defer { server.stop() }
        let exchange = try await ask(house)
        #expect(exchange.writtenBy == "model tiny-7b")
        #expect(exchange.text.contains("written by the model tiny-7b"))
        #expect(exchange.text.contains("The harbour's young people ride at night. [1]"))
        #expect(exchange.text.contains("I am Bea, an AI persona."))
        let files = try await OfficeFiles.read(exchange)
        #expect(files.deck.title == "Trams by night, by a model")
        #expect(files.deck.words.contains("Lit stops bring women to the trams."))
        #expect(files.deck.words.contains("model tiny-7b"))
        #expect(files.print.text.contains("model tiny-7b"))
        let request = try #require(server.requests.first)
        #expect(request.target == "/v1/chat/completions")
        #expect(request.headers["authorization"] == "Bearer \(Canary.model)")
        let body = try JSONValue(parsing: request.body)
        #expect(body["stream"] == .bool(true))
        #expect(body["model"]?.string == "tiny-7b")
        let asked = String(decoding: request.body, as: UTF8.self)
        #expect(Topic.trams.pages.allSatisfy { asked.contains($0.sentences[0]) })
    }

    @Test(arguments: [
        ("answers 500", [ModelServerReply.failure(500, message: "Out of order, key \(Canary.model).")]),
        ("hangs", [.hang]),
        ("cuts the stream", [.cut(outline, at: 260)]),
        ("writes no JSON", [.answer("I would rather not.")]),
        ("cites what there is not", [.answer(#"{"points": [{"text": "Trust me.", "source": 7}]}"#)]),
        ("refuses the key", [.failure(401, code: "invalid_api_key", message: "Bad key \(Canary.model)")]),
    ])
    func builtInWriterTakesOverAndSaysSoWhenTheProvider(_ what: String, _ script: [ModelServerReply]) async throws {
        let (house, server) = try await provider(script)
        defer { server.stop() }
        let exchange = try await ask(house)
        #expect(exchange.writtenBy == "built-in extractive writer")
        #expect(exchange.text.contains("written by the built-in extractive writer"))
        #expect(exchange.text.contains("The language model gave no outline"), "\(exchange.text)")
        #expect(!exchange.text.contains("tiny-7b.") && !exchange.text.contains(Canary.model))
        #expect(exchange.fileNames == ["briefing.pdf", "briefing.pptx", "briefing.xlsx"])
        let files = try await OfficeFiles.read(exchange)
        #expect(files.deck.words.contains("built-in extractive writer"))
        #expect(!files.deck.words.contains("Trust me") && !files.deck.words.contains(Canary.model))
        #expect(!server.requests.isEmpty)
    }

    func provider(_ script: [ModelServerReply]) async throws -> (House, ModelServer) {
        let house = try await House.open()
        let server = try ModelServer(script)
        try await house.seed.model(
            House.model, at: server.baseURL, model: "tiny-7b", apiKey: Canary.model)
        return (house, server)
    }

    func ask(_ house: House) async throws -> Exchange {
        let sender = try await Correspondent.one()
        let links = Topic.trams.publish(on: house.pages, below: "model")
        return try await house.ask(sender, Topic.trams.mail(from: sender, to: house.bea, links: links), house.bea)
    }
}
