import Domain
import FoundationEssentials
import Sockets
import Synchronization
import ToolKit

/// A started sandbox and its connection: calls go in, events come back to whom they belong.
final class SandboxSession: Sendable {
    enum Event: Sendable {
        case mark(EffectPhase)
        case progress(String, Double?)
        case ended(Result<Output, ToolFailure>)
        /// The sandbox itself has ended.
        case died(ToolFailure)
        case timedOut
    }

    struct Output: Sendable {
        var output: JSONValue
        var artifacts: [WorkspaceFile]
    }

    /// Unread progress events of one call; more are dropped.
    private static let progressBacklog = 256
    /// From the connection's end to the calls' failure where the sandbox's own end is not heard of: the engine is away.
    private static let silence = Duration.seconds(5)
    /// From the connection's end to the killing of what still runs.
    private static let courtesy = Duration.seconds(3)

    private struct Call {
        let events: AsyncStream<Event>.Continuation
        var waitingProgress = 0
    }

    private struct State {
        var calls: [UInt64: Call] = [:]
        var next: UInt64 = 1
        var failure: ToolFailure?
        var cause: ToolFailure?
    }

    let tools: [ToolDescriptor]
    let end = OneShot<SandboxEnd>()
    private let running: any RunningSandbox
    private let channel: FrameChannel
    private let state = Mutex(State())

    init(_ running: any RunningSandbox, channel: FrameChannel, tools: [ToolDescriptor]) {
        self.running = running
        self.channel = channel
        self.tools = tools
    }

    var isAlive: Bool { state.withLock { $0.failure == nil } }

    /// Ends it; from here on it takes no calls. Those in flight fail by `cause`, or by how it ended.
    func kill(_ cause: ToolFailure? = nil) {
        state.withLock { state in
            state.cause = state.cause ?? cause
            if state.failure == nil {
                state.failure = cause ?? Self.failure(for: SandboxEnd(.killed, status: 9, lastWords: ""))
            }
        }
        running.kill()
    }

    func pause() async -> Bool { await running.pause() }

    func resume() async { await running.resume() }

    var moment: Int { running.moment }

    func memoryKills(since moment: Int) async -> Int { await running.memoryKills(since: moment) }

    /// Sends a call; the stream ends with `.ended`.
    func begin(_ make: (UInt64) -> ToolCall) throws(ToolFailure) -> (call: UInt64, events: AsyncStream<Event>) {
        let (events, continuation) = AsyncStream<Event>.makeStream()
        let begun: Result<UInt64, ToolFailure> = state.withLock { state in
            if let failure = state.failure { return .failure(failure) }
            defer { state.next += 1 }
            state.calls[state.next] = Call(events: continuation)
            return .success(state.next)
        }
        let call = try begun.get()
        do {
            try send(.call(make(call)))
        } catch {
            forget(call)
            let isTooLong = (error as? SocketError)?.code == "frame_too_long"
            throw ToolFailure(
                isTooLong ? .invalidInput : .transient, code: isTooLong ? "input_too_long" : "sandbox_died",
                "The call could not be handed to the sandbox: \(error)")
        }
        return (call, events)
    }

    func send(_ message: PlatformMessage) throws { try channel.send(Array(JSONEncoder().encode(message))) }

    func push(_ event: Event, to call: UInt64) { _ = state.withLock { $0.calls[call]?.events.yield(event) } }

    func forget(_ call: UInt64) { state.withLock { $0.calls.removeValue(forKey: call) }?.events.finish() }

    func progressTaken(_ call: UInt64) { state.withLock { $0.calls[call]?.waitingProgress -= 1 } }

    /// Reads until the connection ends, then waits for the processes and tells every call in flight.
    func serve(_ frames: AsyncStream<[UInt8]>) async {
        for await frame in frames {
            defer { channel.consumed() }
            // What cannot speak the protocol was taken over or is broken: it ends below.
            guard let message = try? JSONDecoder().decode(SandboxMessage.self, from: Data(frame)) else { break }
            take(message)
        }
        channel.close()
        let alarm = Task {
            // A worker that died takes the rest with it, and that end tells more than ours would. Cancelled: it was heard of.
            guard (try? await Task.sleep(for: Self.courtesy)) != nil else { return }
            running.kill()
            guard (try? await Task.sleep(for: Self.silence)) != nil else { return }
            fail(SandboxEnd(.killed, status: 9, lastWords: ""))
        }
        let end = await running.ended()
        alarm.cancel()
        fail(end)
        self.end.settle(end)
    }

    private func fail(_ end: SandboxEnd) {
        let (failure, calls) = state.withLock { state in
            let failure = state.cause ?? Self.failure(for: end)
            state.failure = failure
            return (failure, Array(state.calls.values))
        }
        for call in calls { call.events.yield(.died(failure)) }
    }

    private func take(_ message: SandboxMessage) {
        switch message {
        case .ready: break
        case .mark(let call, let phase): push(.mark(phase), to: call)
        case .progress(let call, let message, let fraction):
            let continuation: AsyncStream<Event>.Continuation? = state.withLock { state in
                guard let known = state.calls[call], known.waitingProgress < Self.progressBacklog else { return nil }
                state.calls[call]?.waitingProgress += 1
                return known.events
            }
            continuation?.yield(.progress(String(message.prefix(500)), fraction))
        case .result(let call, let output, let artifacts):
            push(.ended(.success(Output(output: output, artifacts: artifacts))), to: call)
        case .failure(let call, let failure): push(.ended(.failure(failure)), to: call)
        }
    }

    private static func failure(for end: SandboxEnd) -> ToolFailure {
        switch end.reason {
        case .oom:
            ToolFailure(
                .permanent, code: "oom",
                "The persona's sandbox ran out of memory and was ended; the same call would do so again.")
        case .killed, .exited:
            ToolFailure(
                .transient, code: "sandbox_died",
                "The persona's sandbox ended during the call (\(end.reason.rawValue), status \(end.status)).")
        }
    }
}
