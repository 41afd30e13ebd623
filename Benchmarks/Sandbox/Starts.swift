import Domain
import PersonaContainers
import ToolKit

/// From nothing to the first result, and what a call costs afterwards.
enum Starts {
    /// The smallest call of the platform's own tools.
    static let first: (tool: String, input: JSONValue) = (
        "briefing.prompt", ["request": ["title": "T", "text": "t", "subject": "s", "language": "en"], "sources": []]
    )

    static func cold(_ engine: String, program: String, count: Int) async throws {
        let yard = try await Yard(engine, program: program)
        var times: [Double] = []
        // The first reads the program from the disk.
        for round in 0...count {
            let persona = PersonaID.new()
            let begun = ContinuousClock.now
            do {
                _ = try await yard.call(first.tool, first.input, persona)
            } catch let failure as ToolFailure where failure.kind == .invalidInput {
                // The tool was reached and read its input: that is what is timed.
            }
            if round > 0 { times.append(Report.milliseconds(.now - begun)) }
            await yard.containers.stop(tenant: yard.tenant, persona: persona)
        }
        await yard.end()
        Report.show([("cold", times)])
    }

    static func warm(_ engine: String, count: Int) async throws {
        let yard = try await Yard(engine, program: Yard.program)
        let persona = PersonaID.new()
        let input: JSONValue = ["text": "hello"]
        for _ in 0..<200 { _ = try await yard.call("bench.echo", input, persona) }
        var inside: [Double] = [], bare: [Double] = []
        let context = ToolContext(
            directory: yard.data, effectKey: "key", attempt: 1, deadline: .now + .seconds(3_600), proxy: nil,
            secrets: [:], reporter: Silence())
        for _ in 0..<count {
            var begun = ContinuousClock.now
            _ = try await yard.call("bench.echo", input, persona)
            inside.append(Report.milliseconds(.now - begun))
            begun = .now
            _ = try await BareTools.registry.call("bench.echo", input: input, in: context)
            bare.append(Report.milliseconds(.now - begun))
        }
        await yard.end()
        Report.show([("inside", inside), ("bare", bare)])
    }

    private struct Silence: ToolReporter {
        func mark(_ phase: EffectPhase) async throws {}
        func progress(_ message: String, fraction: Double?) {}
        func publish(_ file: WorkspaceFile) {}
    }
}
