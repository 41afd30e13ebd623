import Domain
import FoundationEssentials
import Sockets
import Synchronization
import ToolKit

/// One call inside the sandbox.
final class RunningCall: Sendable {
    private enum Stop { case cancelled, timedOut }

    private struct State {
        var marks: [CheckedContinuation<Bool, Never>] = []
        var artifacts: [WorkspaceFile] = []
        var phase: EffectPhase?
        var isCancelled = false
    }

    private let call: ToolCall
    private let link: PlatformLink
    private let state = Mutex(State())
    private let stops: AsyncStream<Void>
    private let stop: AsyncStream<Void>.Continuation

    init(_ call: ToolCall, link: PlatformLink) {
        self.call = call
        self.link = link
        (stops, stop) = AsyncStream.makeStream()
    }

    /// Runs the tool to its end, within the call's time, and reports the outcome.
    func perform(registry: ToolRegistry, workspace: String, proxy: String?) async {
        let deadline = ContinuousClock.now + .seconds(max(1, call.timeoutSeconds))
        let kills = MemoryGroup.kills
        let outcome = await outcome(registry: registry, workspace: workspace, proxy: proxy, deadline: deadline)
        switch outcome {
        case .success(let output):
            let artifacts = state.withLock { $0.artifacts }
            do {
                try link.send(.result(call: call.call, output: output, artifacts: artifacts))
            } catch let error as SocketError where error.code == "frame_too_long" {
                link.report(.failure(call: call.call, failure: Self.outputTooLong))
            } catch {
                link.report(
                    .failure(call: call.call, failure: ToolFailure(.permanent, code: "output_invalid", "\(error)")))
            }
        case .failure(var failure):
            // Whatever a tool says of its failure fits a frame.
            failure.message = String(failure.message.prefix(Self.mostCharacters))
            if failure.kind == .transient, state.withLock({ $0.phase }) == nil, MemoryGroup.kills > kills {
                failure = .outOfMemory(failure)
            }
            link.report(.failure(call: call.call, failure: failure))
        }
    }

    /// Of a failure's message.
    private static let mostCharacters = 8_000

    private static let outputTooLong = ToolFailure(
        .permanent, code: "output_too_long",
        "The output is above \(ToolFrame.maximumBytes) bytes; large results belong in files.")

    private func outcome(
        registry: ToolRegistry, workspace: String, proxy: String?, deadline: ContinuousClock.Instant
    ) async -> Result<JSONValue, ToolFailure> {
        await withTaskGroup(of: (Result<JSONValue, ToolFailure>?, Stop?).self) { group in
            group.addTask { (await self.run(registry, workspace: workspace, proxy: proxy, deadline: deadline), nil) }
            group.addTask {
                for await _ in self.stops { return (nil, .cancelled) }
                return (nil, nil)
            }
            group.addTask {
                // Woken early by cancellation, which means that the tool has ended.
                let slept: Void? = try? await Task.sleep(until: deadline)
                return (nil, slept == nil ? nil : .timedOut)
            }
            var stopped: Stop?
            for await (outcome, stop) in group {
                if let stop, stopped == nil {
                    stopped = stop
                    state.withLock { $0.isCancelled = true }
                    refuseMarks()
                    group.cancelAll()
                }
                if let outcome {
                    group.cancelAll()
                    return stopped.map { named(outcome, after: $0) } ?? outcome
                }
            }
            return .failure(ToolFailure(.transient, code: "cancelled", "The call was cancelled."))
        }
    }

    /// A tool that was stopped usually only says "cancelled"; the reason is known here.
    private func named(_ outcome: Result<JSONValue, ToolFailure>, after stop: Stop) -> Result<JSONValue, ToolFailure> {
        guard case .failure(let failure) = outcome, failure.code == "cancelled" else { return outcome }
        // Also what the far end has accepted must not be done again.
        let kind: ToolFailure.Kind = state.withLock { $0.phase } == nil ? .transient : .unknownOutcome
        switch stop {
        case .cancelled: return .failure(ToolFailure(kind, code: "cancelled", failure.message))
        case .timedOut:
            let message = "'\(call.tool)' did not end within \(call.timeoutSeconds) s and was stopped."
            return .failure(ToolFailure(kind, code: "timed_out", message))
        }
    }

    private func run(_ registry: ToolRegistry, workspace: String, proxy: String?, deadline: ContinuousClock.Instant)
        async -> Result<JSONValue, ToolFailure>
    {
        do throws(ToolFailure) {
            let context = ToolContext(
                directory: try directory(in: workspace), effectKey: call.effectKey, attempt: call.attempt,
                deadline: deadline, proxy: registry.descriptor(named: call.tool)?.usesNetwork == true ? proxy : nil,
                secrets: call.secrets.mapValues { Secret($0) }, reporter: self)
            return .success(try await registry.call(call.tool, input: call.input, in: context))
        } catch {
            return .failure(error)
        }
    }

    private func directory(in workspace: String) throws(ToolFailure) -> String {
        let parts = call.directory.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
            throw ToolFailure(.invalidInput, code: "directory_invalid", "'\(call.directory)' is not a run's directory.")
        }
        let path = "\(workspace)/\(call.directory)"
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw ToolFailure(
                .transient, code: "workspace_unwritable",
                "The run's directory cannot be made in the workspace: \(error)")
        }
        return path
    }

    func cancel() {
        stop.yield()
        stop.finish()
    }

    func marked(accepted: Bool) {
        let waiting: CheckedContinuation<Bool, Never>? = state.withLock { state in
            state.marks.isEmpty ? nil : state.marks.removeFirst()
        }
        waiting?.resume(returning: accepted)
    }

    private func refuseMarks() {
        let waiting = state.withLock { state in
            defer { state.marks = [] }
            return state.marks
        }
        for continuation in waiting { continuation.resume(returning: false) }
    }
}

extension RunningCall: ToolReporter {
    func mark(_ phase: EffectPhase) async throws {
        let accepted = await withCheckedContinuation { continuation in
            let isCancelled = state.withLock { state in
                if !state.isCancelled { state.marks.append(continuation) }
                return state.isCancelled
            }
            if isCancelled {
                continuation.resume(returning: false)
            } else {
                link.report(.mark(call: call.call, phase: phase))
            }
        }
        guard accepted else {
            throw ToolFailure(
                .transient, code: "fenced", "The platform took this call back; the effect must not go on.")
        }
        state.withLock { $0.phase = phase }
    }

    func progress(_ message: String, fraction: Double?) {
        link.report(.progress(call: call.call, message: String(message.prefix(500)), fraction: fraction))
    }

    func publish(_ file: WorkspaceFile) {
        // A thousand artifacts of one call are a tool gone wild; the rest stay in the workspace.
        state.withLock { if $0.artifacts.count < 1000 { $0.artifacts.append(file) } }
    }
}
