import DockerEngine
import Testing

@Suite(.timeLimit(.minutes(10))) struct HTTPAnswerTests {
    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", 200, "hello"),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", 404, "{}"),
        ("HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end"),
    ])
    func answerIsReadByteByByte(text: String, status: Int, body: String) throws {
        var answer = HTTPAnswer()
        for byte in text.utf8 { try answer.append([byte]) }
        if !answer.isWhole { try answer.append([]) }
        #expect(answer.isWhole && answer.status == status)
        #expect(String(decoding: answer.body, as: UTF8.self) == body)
    }

    @Test(arguments: [
        "nonsense\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "",
    ])
    func brokenAnswerIsRefused(text: String) {
        #expect(throws: HTTPAnswer.Malformed.self) {
            var answer = HTTPAnswer()
            try answer.append(Array(text.utf8))
            try answer.append([])
        }
    }

    @Test func absentEngineIsNamed() async {
        let error = await #expect(throws: DockerError.self) {
            try await DockerEngine(socketPath: "/nonexistent/docker.sock").serverVersion()
        }
        #expect(error?.message.contains("/nonexistent/docker.sock") == true)
    }
}
