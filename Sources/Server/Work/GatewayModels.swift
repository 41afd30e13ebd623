import Domain
import FoundationEssentials
import HTTPClient
import Models
import Store
import ToolKit
import Vault
import Workers

/// Runs `model` jobs with the language model that the persona names among its tenant's providers.
struct GatewayModels: ModelRunner {
    let storage: Storage
    let client: HTTPClient

    func run(_ job: WorkerJob, progress: @escaping @Sendable (String) -> Void) async throws(ToolFailure) -> JSONValue {
        do {
            let model = try await model(for: job)
            let request = try Self.request(job.input)
            let completion = try await model.complete(request)
            var output: [String: JSONValue] = [
                "text": .string(completion.text), "model": .string(completion.model),
                "finish_reason": .string(completion.finishReason),
            ]
            if let usage = completion.usage {
                output["usage"] = [
                    "prompt_tokens": .int(Int64(usage.promptTokens)),
                    "completion_tokens": .int(Int64(usage.completionTokens)),
                ]
            }
            return .object(output)
        } catch let failure as ToolFailure {
            throw failure
        } catch let failure as ModelFailure {
            throw ToolFailure(
                failure.isTransient ? .transient : .permanent, code: "model_\(failure.code.rawValue)", failure.message)
        } catch is CancellationError {
            throw ToolFailure(.transient, code: "cancelled", "The call of the model was cancelled.")
        } catch {
            throw ToolFailure(.transient, code: "model_failed", "The model could not be asked: \(error)")
        }
    }

    private func model(for job: WorkerJob) async throws -> ChatModel {
        let persona = try await Personas(storage.database).find(job.tenant, job.persona)
        guard let name = persona?.definition["model"]?.string,
            let (provider, envelope) = try await ModelProviders(storage.database).find(job.tenant, name: name)
        else {
            throw ToolFailure(
                .permanent, code: "model_not_configured", "This persona has no language model among its tenant's.")
        }
        var key: Secret?
        if let envelope {
            key = try await Tenants(storage.database).key(of: job.tenant, under: storage.master)
                .open(envelope, at: ModelProviders.place(job.tenant, name: name))
        }
        return ChatModel(
            ModelEndpoint(baseURL: provider.baseURL, model: provider.model, key: key), client: client,
            limits: ChatLimits(total: .seconds(job.timeoutSeconds)))
    }

    private struct Input: Decodable {
        let messages: [ChatMessage]
        let maxTokens: Int?
        let responseFormat: JSONValue?

        enum CodingKeys: String, CodingKey {
            case messages
            case maxTokens = "max_tokens"
            case responseFormat = "response_format"
        }
    }

    private static func request(_ value: JSONValue) throws -> ChatRequest {
        let input: Input
        do {
            input = try value.decode()
        } catch {
            throw ToolFailure(
                .invalidInput, code: "input_invalid", "A model takes messages of role and content: \(error)")
        }
        let wantsJSON = input.responseFormat?["type"]?.string == "json_object"
        return ChatRequest(
            messages: input.messages, maximumTokens: input.maxTokens, format: wantsJSON ? .jsonObject : nil)
    }
}
