package import Domain

/// A language model of a tenant behind an OpenAI-compatible API.
package struct ModelEndpoint: Sendable {
    /// Up to and without `/chat/completions`: `https://host/v1`.
    package var baseURL: String
    package var model: String
    /// `nil` for local servers that ask for none.
    package var key: Secret?
    /// `host:port` of an HTTP proxy.
    package var proxy: String?
    /// PEM file of a private authority.
    package var certificateAuthorityFile: String?

    package init(
        baseURL: String, model: String, key: Secret?, proxy: String? = nil, certificateAuthorityFile: String? = nil
    ) {
        self.baseURL = baseURL
        self.model = model
        self.key = key
        self.proxy = proxy
        self.certificateAuthorityFile = certificateAuthorityFile
    }
}

package struct ChatMessage: Sendable, Hashable, Codable {
    package enum Role: String, Sendable, Hashable, Codable {
        case system, user, assistant
    }

    package var role: Role
    package var content: String

    package init(_ role: Role, _ content: String) {
        self.role = role
        self.content = content
    }

    enum CodingKeys: String, CodingKey { case role, content }
}

/// What to ask. The endpoint says whom.
package struct ChatRequest: Sendable, Hashable {
    /// The shape the answer must have.
    package enum Format: Sendable, Hashable {
        case jsonObject
        /// `schema` is a JSON Schema; strict mode.
        case jsonSchema(name: String, schema: JSONValue)
    }

    package var messages: [ChatMessage]
    package var temperature: Double?
    package var maximumTokens: Int?
    /// `nil` for plain text.
    package var format: Format?

    package init(
        messages: [ChatMessage], temperature: Double? = nil, maximumTokens: Int? = nil, format: Format? = nil
    ) {
        self.messages = messages
        self.temperature = temperature
        self.maximumTokens = maximumTokens
        self.format = format
    }
}

/// A whole answer: the stream said that it ended.
package struct ChatCompletion: Sendable, Hashable {
    package struct Usage: Sendable, Hashable, Codable {
        package var promptTokens: Int
        package var completionTokens: Int

        package init(promptTokens: Int, completionTokens: Int) {
            self.promptTokens = promptTokens
            self.completionTokens = completionTokens
        }

        enum CodingKeys: String, CodingKey {
            case promptTokens = "prompt_tokens"
            case completionTokens = "completion_tokens"
        }
    }

    package var text: String
    /// As the provider names it: `stop`, `length`, `content_filter`; `unspecified` where it only said `[DONE]`.
    package var finishReason: String
    /// `nil` where the provider reports none.
    package var usage: Usage?
    /// The model that answered, by its own word.
    package var model: String
    /// Requests made, the successful one included.
    package var attempts: Int

    package init(text: String, finishReason: String, usage: Usage?, model: String, attempts: Int) {
        self.text = text
        self.finishReason = finishReason
        self.usage = usage
        self.model = model
        self.attempts = attempts
    }
}
