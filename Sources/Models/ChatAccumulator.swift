import FoundationEssentials
import HTTPClient

/// Gathers an answer from the events of a stream: event in, new text out. No I/O and no clock.
struct ChatAccumulator {
    /// Bytes of an answer's text: far over any model's output.
    static let maximumTextBytes = 4 * 1024 * 1024

    private(set) var text = ""
    private(set) var isDone = false
    private var finishReason: String?
    private var usage: ChatCompletion.Usage?
    private var model: String?
    private let problems: ProviderProblem
    private let decoder = JSONDecoder()

    init(problems: ProviderProblem) { self.problems = problems }

    /// The text that this event adds, perhaps none.
    mutating func receive(_ event: ServerSentEvent) throws(ModelFailure) -> String {
        guard !isDone else { return "" }
        if event.data == "[DONE]" {
            isDone = true
            return ""
        }
        let chunk: ChatWire.Chunk
        do {
            chunk = try decoder.decode(ChatWire.Chunk.self, from: Data(event.data.utf8))
        } catch {
            throw ModelFailure(.malformedStream, "An event of the model's stream is not a chunk of a chat completion.")
        }
        if let problem = chunk.error { throw problems.failure(problem) }
        guard chunk.choices != nil || chunk.usage != nil else {
            throw ModelFailure(.malformedStream, "An event of the model's stream has neither choices nor usage.")
        }
        model = chunk.model ?? model
        usage = chunk.usage ?? usage
        guard let choice = chunk.choices?.first(where: { ($0.index ?? 0) == 0 }) else { return "" }
        finishReason = choice.finishReason ?? finishReason
        let delta = choice.delta?.content ?? ""
        guard text.utf8.count + delta.utf8.count <= Self.maximumTextBytes else {
            throw ModelFailure(.answerTooLarge, "The model's answer exceeds \(Self.maximumTextBytes) bytes.")
        }
        text += delta
        return delta
    }

    /// The answer is whole once the model gave a reason to stop or the stream said `[DONE]`.
    var isComplete: Bool { isDone || finishReason != nil }

    func completion(model requested: String, attempts: Int) throws(ModelFailure) -> ChatCompletion {
        guard isComplete else {
            throw ModelFailure(
                .truncated, "The model's stream ended after \(text.utf8.count) bytes, before its answer.")
        }
        return ChatCompletion(
            text: text, finishReason: finishReason ?? "unspecified", usage: usage, model: model ?? requested,
            attempts: attempts)
    }
}
