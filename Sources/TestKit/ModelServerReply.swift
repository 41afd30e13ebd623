/// What the fake provider does with one request, byte by byte.
package struct ModelServerReply: Sendable {
    package enum Step: Sendable {
        case send([UInt8])
        /// One byte at a time with this pause before each.
        case drip([UInt8], milliseconds: Int32)
        /// Says nothing more until the client closes.
        case hang
        /// Ends the connection with FIN.
        case close
        /// Ends the connection with RST.
        case reset
    }

    package var steps: [Step]

    package init(_ steps: [Step]) { self.steps = steps }

    /// A whole HTTP/1.1 response with a Content-Length.
    package static func response(
        _ status: Int, headers: [(String, String)] = [], body: [UInt8], contentType: String = "application/json"
    ) -> Self {
        var text = "HTTP/1.1 \(status) Status\r\nContent-Type: \(contentType)\r\nContent-Length: \(body.count)\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        return Self([.send(Array((text + "\r\n").utf8) + body)])
    }

    /// The head of a chunked event stream.
    package static func streamHead(contentType: String = "text/event-stream") -> [UInt8] {
        Array("HTTP/1.1 200 OK\r\nContent-Type: \(contentType)\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
    }

    /// One chunk of a chunked body (RFC 9112, section 7.1); an empty one ends the body.
    package static func chunk(_ bytes: [UInt8]) -> [UInt8] {
        Array(String(bytes.count, radix: 16).utf8) + [0x0D, 0x0A] + bytes + [0x0D, 0x0A]
    }

    /// `text` in `pieces` deltas, then finish reason, usage and `[DONE]`.
    package static func answer(_ text: String, pieces: Int = 3, model: String = "fake-model") -> Self {
        Self(events(text, pieces: pieces, model: model).map { .send($0) })
    }

    /// The same answer with a pause before each byte of the stream after its head.
    package static func drip(_ text: String, milliseconds: Int32, model: String = "fake-model") -> Self {
        let parts = events(text, pieces: 1, model: model)
        return Self([.send(parts[0]), .drip(parts.dropFirst().flatMap { $0 }, milliseconds: milliseconds)])
    }

    /// The same answer, cut by FIN after `byte` bytes of the whole response.
    package static func cut(_ text: String, at byte: Int, model: String = "fake-model") -> Self {
        let whole = events(text, pieces: 3, model: model).flatMap { $0 }
        return Self([.send(Array(whole.prefix(max(byte, 0)))), .close])
    }

    /// Bytes of the response that `answer` sends.
    package static func answerBytes(_ text: String, model: String = "fake-model") -> Int {
        events(text, pieces: 3, model: model).reduce(0) { $0 + $1.count }
    }

    /// The offset after which an answer is complete: behind the event that holds its finish reason.
    package static func answerCompleteOffset(_ text: String, model: String = "fake-model") -> Int {
        events(text, pieces: 3, model: model).dropLast(3).reduce(0) { $0 + $1.count }
    }

    /// A provider's error object.
    package static func failure(
        _ status: Int, code: String = "error", message: String = "It failed.", retryAfter: String? = nil
    ) -> Self {
        let body = #"{"error":{"message":\#(quoted(message)),"type":"error","code":"\#(code)"}}"#
        return response(status, headers: retryAfter.map { [("Retry-After", $0)] } ?? [], body: Array(body.utf8))
    }

    package static let hang = Self([.hang])

    /// A stream of these `data:` payloads, whatever they are.
    package static func stream(_ payloads: [String], contentType: String = "text/event-stream") -> Self {
        let events = payloads.map { chunk(Array("data: \($0)\n\n".utf8)) }
        return Self([.send(streamHead(contentType: contentType) + events.flatMap { $0 } + chunk([]))])
    }

    /// Head, one part per delta, finish reason, usage, `[DONE]`, the last chunk.
    private static func events(_ text: String, pieces: Int, model: String) -> [[UInt8]] {
        let characters = Array(text)
        let size = max((characters.count + max(pieces, 1) - 1) / max(pieces, 1), 1)
        let deltas = stride(from: 0, to: characters.count, by: size).map {
            String(characters[$0..<min($0 + size, characters.count)])
        }
        let prefix = #"{"id":"1","object":"chat.completion.chunk","model":\#(quoted(model)),"choices":"#
        var payloads = deltas.map {
            prefix + #"[{"index":0,"delta":{"content":\#(quoted($0))},"finish_reason":null}]}"#
        }
        payloads.append(prefix + #"[{"index":0,"delta":{},"finish_reason":"stop"}]}"#)
        payloads.append(
            prefix + #"[],"usage":{"prompt_tokens":7,"completion_tokens":\#(deltas.count),"total_tokens":9}}"#)
        payloads.append("[DONE]")
        return [streamHead()] + payloads.map { chunk(Array("data: \($0)\n\n".utf8)) } + [chunk([])]
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
