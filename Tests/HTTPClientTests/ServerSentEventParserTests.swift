import HTTPClient
import Testing

@Suite(.timeLimit(.minutes(10))) struct ServerSentEventParserTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var stream: String
        var events: [ServerSentEvent]

        init(_ stream: String, _ events: [ServerSentEvent]) {
            self.stream = stream
            self.events = events
        }

        var testDescription: String { stream.debugDescription }
    }

    static let examples: [Example] = [
        Example("data: hi\n\n", [ServerSentEvent(data: "hi")]),
        Example("data:hi\r\rdata:  two\r\n\r\n", [ServerSentEvent(data: "hi"), ServerSentEvent(data: " two")]),
        Example("\u{FEFF}data: a\ndata: b\n\n", [ServerSentEvent(data: "a\nb")]),
        Example("data: a\n\n\u{FEFF}data: b\n\n", [ServerSentEvent(data: "a")]),
        Example(": comment\n\ndata\n\n", [ServerSentEvent(data: "")]),
        Example("data\ndata\n\n", [ServerSentEvent(data: "\n")]),
        Example(
            "event: add\ndata: 73\n\nevent: gone\n\ndata: x\n\n",
            [
                ServerSentEvent(type: "add", data: "73"), ServerSentEvent(data: "x"),
            ]),
        Example(
            "id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
            [
                ServerSentEvent(data: "a", lastEventID: "7"), ServerSentEvent(data: "b", lastEventID: "7"),
                ServerSentEvent(data: "c"),
            ]),
        Example("id: 1\0\ndata: a\n\n", [ServerSentEvent(data: "a")]),
        Example("unknown: field\ndata: é😀\n\n", [ServerSentEvent(data: "é😀")]),
        Example("data: never dispatched\n", []),
        Example("data: never dispatched", []),
        Example("\n\n\n", []),
    ]

    @Test(arguments: examples) func everyCutGivesTheSameEvents(_ example: Example) throws {
        let bytes = Array(example.stream.utf8)
        for cut in 0...bytes.count {
            var parser = ServerSentEventParser()
            var events = try parser.feed(bytes[..<cut])
            events += try parser.feed(bytes[cut...])
            #expect(events == example.events, "cut at \(cut)")
        }
        var single = ServerSentEventParser()
        var events: [ServerSentEvent] = []
        for byte in bytes { events += try single.feed([byte]) }
        #expect(events == example.events)
    }

    @Test func retryTakesDigitsOnly() throws {
        var parser = ServerSentEventParser()
        _ = try parser.feed(Array("retry: 1500\nretry: 2s\nretry: 99999999999999999999\nretry:\n".utf8))
        #expect(parser.reconnectionTime == 1500)
    }

    @Test func invalidUTF8BecomesTheReplacementCharacter() throws {
        var parser = ServerSentEventParser()
        #expect(try parser.feed(Array("data: ".utf8) + [0xFF, 0x0A, 0x0A]) == [ServerSentEvent(data: "\u{FFFD}")])
    }

    @Test(arguments: ["data: 0123456789", "data: 012\ndata: 345\ndata: 678\n"])
    func anEventOverTheBoundIsRefused(_ text: String) {
        var parser = ServerSentEventParser(maximumEventBytes: 10)
        #expect(throws: ServerSentEventParser.Failure.eventTooLarge(bytes: 10)) { try parser.feed(Array(text.utf8)) }
    }
}
