import Domain
import FoundationEssentials
import HTTPClient

/// The JSON of `POST /chat/completions` and of its stream's chunks (OpenAI API reference, "Chat Completions").
enum ChatWire {
    struct Body: Encodable {
        struct StreamOptions: Encodable {
            var includeUsage = true

            enum CodingKeys: String, CodingKey { case includeUsage = "include_usage" }
        }

        var model: String
        var request: ChatRequest

        enum CodingKeys: String, CodingKey {
            case model, messages, temperature, stream
            case maximumTokens = "max_tokens"
            case streamOptions = "stream_options"
            case responseFormat = "response_format"
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(model, forKey: .model)
            try container.encode(request.messages, forKey: .messages)
            try container.encode(true, forKey: .stream)
            try container.encode(StreamOptions(), forKey: .streamOptions)
            try container.encodeIfPresent(request.temperature, forKey: .temperature)
            try container.encodeIfPresent(request.maximumTokens, forKey: .maximumTokens)
            try container.encodeIfPresent(request.format.map(Self.responseFormat), forKey: .responseFormat)
        }

        private static func responseFormat(_ format: ChatRequest.Format) -> JSONValue {
            switch format {
            case .jsonObject: ["type": "json_object"]
            case .jsonSchema(let name, let schema):
                [
                    "type": "json_schema",
                    "json_schema": ["name": .string(name), "strict": true, "schema": schema],
                ]
            }
        }
    }

    struct Chunk: Decodable {
        struct Choice: Decodable {
            struct Delta: Decodable {
                var content: String?
                var refusal: String?
            }

            var index: Int?
            var delta: Delta?
            var finishReason: String?

            enum CodingKeys: String, CodingKey {
                case index, delta
                case finishReason = "finish_reason"
            }
        }

        var model: String?
        var choices: [Choice]?
        var usage: ChatCompletion.Usage?
        var error: Problem?
    }

    /// A provider's error object; `code` is text with some and a number with others.
    struct Problem: Decodable {
        var message: String?
        var type: String?
        var code: JSONValue?

        var name: String { code?.string ?? code?.int.map(String.init) ?? type ?? "" }
    }

    struct ProblemBody: Decodable {
        var error: Problem
    }

    /// The request to send; `limits` come from what is left of the call's time.
    static func request(
        _ request: ChatRequest, to endpoint: ModelEndpoint, limits: HTTPLimits
    ) throws(ModelFailure) -> HTTPRequest {
        var base = endpoint.baseURL[...]
        while base.last == "/" { base.removeLast() }
        var headers: HTTPHeaders = ["Content-Type": "application/json", "Accept": "text/event-stream"]
        if let key = endpoint.key {
            let value = key.reveal()
            guard value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw ModelFailure(
                    .misconfigured, "The model's key has characters that a key cannot have; enter it again.")
            }
            headers.append("Authorization", "Bearer \(value)")
        }
        do {
            let body = try JSONEncoder().encode(Body(model: endpoint.model, request: request))
            return HTTPRequest(
                "POST", "\(base)/chat/completions", headers: headers, body: Array(body), proxy: endpoint.proxy,
                certificateAuthorityFile: endpoint.certificateAuthorityFile, limits: limits)
        } catch {
            // Only a temperature or schema that is not a finite number fails to encode.
            throw ModelFailure(.misconfigured, "The request to the model cannot be written as JSON.")
        }
    }
}
