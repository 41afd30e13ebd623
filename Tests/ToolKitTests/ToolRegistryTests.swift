import Domain
import Testing
import ToolKit

private struct Echo: Tool {
    struct Message: Codable, Sendable { var text: String }
    static let descriptor = ToolDescriptor(name: "test.echo", summary: "Says it again.", effect: .read)
    func call(_ input: Message, in context: ToolContext) async throws -> Message { input }
}

private struct Silence: ToolReporter {
    func mark(_ phase: EffectPhase) async throws {}
    func progress(_ message: String, fraction: Double?) {}
    func publish(_ file: WorkspaceFile) {}
}

@Suite(.timeLimit(.minutes(10))) struct ToolRegistryTests {
    let registry = ToolRegistry([Echo()])
    let context = ToolContext(
        directory: "/tmp", effectKey: "k", attempt: 1, deadline: .now + .seconds(1), proxy: nil, secrets: [:],
        reporter: Silence())

    @Test func callsByName() async throws {
        let output = try await registry.call("test.echo", input: ["text": "hello"], in: context)
        #expect(output == ["text": "hello"])
    }

    @Test func inputThatDoesNotFitIsTheCallersFault() async {
        let failure = await #expect(throws: ToolFailure.self) {
            try await registry.call("test.echo", input: ["txt": 1], in: context)
        }
        #expect(failure?.kind == .invalidInput)
    }

    @Test func unknownToolIsNamed() async {
        let failure = await #expect(throws: ToolFailure.self) {
            try await registry.call("test.none", input: [:], in: context)
        }
        #expect(failure?.message.contains("test.none") == true)
    }

    @Test func missingSecretIsNamed() {
        #expect(throws: ToolFailure.self) { try context.secret("imap_password") }
    }
}
