import Domain
import Glibc
import TestKit
import ToolKit

/// A call's surroundings, and what it told of itself.
struct CallStage {
    let context: ToolContext
    let marks: MarkList

    init(secrets: [String: String] = [:], timeout: Duration = .seconds(100)) throws {
        signal(SIGPIPE, SIG_IGN)  // as the tool host has it
        marks = MarkList()
        context = ToolContext(
            directory: try TemporaryTree.make("call"), effectKey: "effect-1", attempt: 1, deadline: .now + timeout,
            proxy: nil, secrets: secrets.mapValues { Secret($0) }, reporter: marks)
    }
}

actor MarkList: ToolReporter {
    private(set) var phases: [EffectPhase] = []

    func mark(_ phase: EffectPhase) { phases.append(phase) }
    nonisolated func progress(_ message: String, fraction: Double?) {}
    nonisolated func publish(_ file: WorkspaceFile) {}
}
