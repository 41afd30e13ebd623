import CDP
import FoundationEssentials
import Testing

@Suite(.timeLimit(.minutes(10))) struct MessageTests {
    @Test func answerIsTakenApartWithoutDecodingItsResult() {
        let text = #"{"id":7,"result":{"a":[1,{"b":"}\"{"}],"c":null},"sessionId":"S1"}"#
        let message = Message(parsing: Array(text.utf8))
        #expect(message?.id == 7)
        #expect(message?.session == "S1")
        #expect(message?.result == Array(#"{"a":[1,{"b":"}\"{"}],"c":null}"#.utf8))
        #expect(message?.error == nil)
    }

    @Test func eventKeepsItsParametersAsBytes() {
        let message = Message(parsing: Array(#" { "method" : "Page.x" , "params" : { } } "#.utf8))
        #expect(message?.method == "Page.x")
        #expect(message?.parameters == Array("{ }".utf8))
        #expect(message?.id == nil)
    }

    @Test(arguments: [
        "", "null", "[]", "{", #"{"id"#, #"{"id":"#, #"{"id":1"#, #"{"id":}"#, #"{"a":"\"}"#, #"{"a":{"b":1}"#,
        #"{id:1}"#,
        #"{"a":"x\"#, "\u{0}",
    ])
    func malformedMessageIsNone(text: String) { #expect(Message(parsing: Array(text.utf8)) == nil) }

    @Test(arguments: [("1", "1"), (#""x,y""#, #""x,y""#), ("[1,2]", "[1,2]"), ("null", "null"), ("-1.5e3", "-1.5e3")])
    func memberKeepsEveryKindOfValue(value: String, expected: String) {
        let object = Array(#"{"first":{},"value":\#(value),"last":0}"#.utf8)
        #expect(Message.member("value", of: object) == Array(expected.utf8))
        #expect(Message.member("absent", of: object) == nil)
    }

    @Test func messagesAreCutAtNulWhateverTheReads() {
        let stream = Array("{\"id\":1}\0{\"id\":22}\0{}\0".utf8)
        for size in 1...stream.count {
            var splitter = MessageSplitter()
            var messages: [[UInt8]] = []
            for start in stride(from: 0, to: stream.count, by: size) {
                messages += splitter.push(stream[start..<min(start + size, stream.count)]) ?? []
            }
            #expect(messages.map { String(decoding: $0, as: UTF8.self) } == ["{\"id\":1}", "{\"id\":22}", "{}"])
        }
    }

    @Test func endlessMessageIsRefused() {
        var splitter = MessageSplitter()
        let chunk = [UInt8](repeating: 0x61, count: BrowserLimit.messageBytes / 2)
        #expect(splitter.push(chunk) == [])
        #expect(splitter.push(chunk) == [])
        #expect(splitter.push([0x61]) == nil)
    }
}

@Suite(.timeLimit(.minutes(10))) struct PageActivityTests {
    private let start = ContinuousClock.now

    private func activity(_ events: [(String, String)]) throws -> PageActivity {
        var activity = PageActivity(mainFrame: "F", at: start)
        for (method, parameters) in events {
            let decoded = try JSONDecoder().decode(PageActivity.Parameters.self, from: Data(parameters.utf8))
            activity.handle(method, decoded, at: start)
        }
        return activity
    }

    private let committed = ("Page.frameNavigated", #"{"frame":{"id":"F","loaderId":"L","url":"http://a/"}}"#)
    private let loaded = ("Page.lifecycleEvent", #"{"frameId":"F","loaderId":"L","name":"load"}"#)
    private let request = ("Network.requestWillBeSent", #"{"requestId":"R","frameId":"F"}"#)
    private let finished = ("Network.loadingFinished", #"{"requestId":"R"}"#)

    @Test func loadedAndQuietPageSettlesAfterTheQuietTime() throws {
        let activity = try activity([committed, request, loaded, finished])
        #expect(activity.verdict(at: start) == .busy(until: start + BrowserLimit.quiet))
        #expect(activity.verdict(at: start + BrowserLimit.quiet) == .settled)
    }

    @Test func pageWithAnOpenRequestSettlesWhenPatienceEnds() throws {
        let activity = try activity([committed, loaded, request])
        #expect(activity.verdict(at: start + BrowserLimit.quiet) == .busy(until: start + BrowserLimit.settlePatience))
        #expect(activity.verdict(at: start + BrowserLimit.settlePatience) == .settled)
    }

    @Test func pageThatHasNotLoadedIsNeverSettled() throws {
        #expect(try activity([committed]).verdict(at: start + .seconds(100)) == .busy(until: nil))
        #expect(try activity([loaded]).verdict(at: start + .seconds(100)) == .busy(until: nil))
    }

    @Test func nextDocumentMustLoadAgain() throws {
        let next = (
            "Page.frameNavigated", ##"{"frame":{"id":"F","loaderId":"M","url":"http://b/","urlFragment":"#x"}}"##
        )
        let activity = try activity([committed, loaded, next, loaded])
        #expect(!activity.hasLoaded)
        #expect(activity.url == "http://b/#x")
    }

    @Test func framesWithinThePageDoNotCount() throws {
        let inner = ("Page.frameNavigated", #"{"frame":{"id":"G","parentId":"F","loaderId":"N","url":"http://c/"}}"#)
        let activity = try activity([committed, inner, loaded])
        #expect(activity.url == "http://a/")
        #expect(activity.hasLoaded)
    }

    @Test func responseIsTheStandingDocuments() throws {
        func response(_ loader: String, _ status: Int, _ type: String = "Document") -> (String, String) {
            let body = #"{"url":"http://a/","status":\#(status),"mimeType":"text/html"}"#
            return (
                "Network.responseReceived",
                #"{"requestId":"\#(loader)","loaderId":"\#(loader)","frameId":"F","type":"\#(type)","response":\#(body)}"#
            )
        }
        #expect(try activity([response("L", 200), committed, response("L", 404, "Image")]).response?.status == 200)
        #expect(try activity([response("L", 302), response("M", 200)]).response?.status == 200)
        #expect(try activity([response("M", 200), committed]).response == nil)
    }
}
