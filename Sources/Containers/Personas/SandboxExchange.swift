import Domain
import Sockets
import ToolKit

/// One call's conversation with its sandbox, from the frame sent to the outcome.
struct SandboxExchange {
    let session: SandboxSession
    let call: SandboxCall
    let grace: Duration

    func run(
        mark: @escaping @Sendable (EffectPhase) async throws -> Void, progress: SandboxProgress
    ) async throws(ToolFailure) -> SandboxSession.Output {
        let (number, events) = try session.begin(frame)
        defer { session.forget(number) }
        let session = session
        let limit = Duration.seconds(call.timeoutSeconds) + grace
        let grace = grace
        // Ends with the call: cancelled below.
        let alarm = Task {
            guard (try? await Task.sleep(for: limit)) != nil else { return }  // cancelled: the call has ended
            session.push(.timedOut, to: number)
        }
        defer { alarm.cancel() }
        let result = await withTaskCancellationHandler {
            await converse(events, number: number, mark: mark, progress: progress)
        } onCancel: {
            try? session.send(.cancel(call: number))  // a dead sandbox ends the call anyway
            Task {
                try? await Task.sleep(for: grace)  // never cancelled: nobody holds this task
                session.push(.timedOut, to: number)
            }
        }
        return try result.get()
    }

    private func converse(
        _ events: AsyncStream<SandboxSession.Event>, number: UInt64,
        mark: @escaping @Sendable (EffectPhase) async throws -> Void, progress: SandboxProgress
    ) async -> Result<SandboxSession.Output, ToolFailure> {
        var phase: EffectPhase?
        let begun = session.moment
        // A stream that is read by a cancelled task ends early; the call must be heard to its end all the same.
        var iterator = UncancelledEvents(events).makeAsyncIterator()
        while let event = await iterator.next() {
            switch event {
            case .progress(let message, let fraction):
                session.progressTaken(number)
                progress(message, fraction)
            case .mark(let next):
                let isCommitted = await Self.commits(next, mark)
                if isCommitted { phase = next }
                try? session.send(.marked(call: number, accepted: isCommitted))  // dead: the next event says so
            case .timedOut:
                session.kill()
                return .failure(stopped(phase))
            case .died(let failure):
                return .failure(phase == nil ? failure : unknown(failure))
            case .ended(.failure(let failure)) where failure.kind == .transient && phase == nil:
                return .failure(await session.memoryKills(since: begun) > 0 ? .outOfMemory(failure) : failure)
            case .ended(let result):
                return result
            }
        }
        return .failure(stopped(phase))
    }

    private static func commits(_ phase: EffectPhase, _ mark: @escaping @Sendable (EffectPhase) async throws -> Void)
        async -> Bool
    {
        do {
            try await mark(phase)
            return true
        } catch {
            return false
        }
    }

    private func frame(_ number: UInt64) -> ToolCall {
        ToolCall(
            call: number, tool: call.tool, input: call.input, directory: call.directory, effectKey: call.effectKey,
            attempt: call.attempt, timeoutSeconds: call.timeoutSeconds,
            secrets: call.secrets.mapValues { $0.reveal() })
    }

    private func unknown(_ failure: ToolFailure) -> ToolFailure {
        ToolFailure(
            .unknownOutcome, code: failure.code,
            "\(failure.message) The effect had begun: it must not be repeated before it is known whether it happened.")
    }

    private func stopped(_ phase: EffectPhase?) -> ToolFailure {
        let failure = ToolFailure(
            .transient, code: "timed_out",
            "'\(call.tool)' did not end within \(call.timeoutSeconds) s; its sandbox was ended.")
        return phase == nil ? failure : unknown(failure)
    }
}

/// A stream read by a task of its own, so that cancelling the reader does not end it.
private struct UncancelledEvents {
    let stream: AsyncStream<SandboxSession.Event>

    init(_ stream: AsyncStream<SandboxSession.Event>) { self.stream = stream }

    func makeAsyncIterator() -> Iterator { Iterator(stream: stream) }

    struct Iterator {
        let stream: AsyncStream<SandboxSession.Event>

        mutating func next() async -> SandboxSession.Event? {
            let stream = stream
            return await Task {
                for await event in stream { return event }
                return nil
            }.value
        }
    }
}
