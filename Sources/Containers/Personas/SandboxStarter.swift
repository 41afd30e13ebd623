import Domain
import Egress
import FoundationEssentials
import Sockets
import ToolKit

/// Starts a persona's sandbox and waits until its worker is there.
struct SandboxStarter: Sendable {
    let data: String
    let sandbox: any PersonaSandbox
    let proxy: EgressProxy
    let loop: PollLoop
    let settings: PersonaContainerSettings
    let ended: @Sendable (TenantID, PersonaID, SandboxEnd) -> Void

    private enum Arrival: Sendable {
        case connected(Descriptor)
        case late
        case ended(SandboxEnd)
    }

    /// The persona's directory and its way out, before anything runs.
    func prepare(
        _ tenant: TenantID, _ persona: PersonaID, policy: EgressPolicy
    ) throws -> (PersonaDirectory, EgressListener) {
        let directory = try PersonaDirectory.prepare(
            data: data, tenant: tenant, persona: persona, ownUser: sandbox.usesOwnUsers)
        let ledger = settings.ledger
        let listener = try proxy.open(directory.egressSocket, policy: policy) { ledger(tenant, persona, $0) }
        try directory.handOver(socket: directory.egressSocket)
        return (directory, listener)
    }

    func start(
        _ tenant: TenantID, _ persona: PersonaID, in directory: PersonaDirectory
    ) async -> Result<SandboxSession, ToolFailure> {
        do {
            let listener = try UnixSocket.listen(at: directory.workerSocket)
            try directory.handOver(socket: directory.workerSocket)
            let specification = SandboxSpecification(
                tenant: tenant, persona: persona, directory: directory, limits: settings.limits)
            let running = try await sandbox.start(specification)
            return await meet(running, listener, directory) { ended(tenant, persona, $0) }
        } catch {
            return .failure(Self.unavailable("\(error)"))
        }
    }

    private func meet(
        _ running: any RunningSandbox, _ listener: Descriptor, _ directory: PersonaDirectory,
        _ ended: @escaping @Sendable (SandboxEnd) -> Void
    ) async -> Result<SandboxSession, ToolFailure> {
        let death = Watched(running)
        let arrival = OneShot<Arrival>()
        let limit = ContinuousClock.now + settings.startLimit
        loop.submit { context in
            let isOver = { arrival.settled != nil }
            context.add(
                Acceptor(listener, deadline: limit, isOver: isOver, expired: { arrival.settle(.late) }) { socket, _ in
                    arrival.settle(.connected(socket))
                    return false
                })
        }
        // Lives as long as the sandbox; its end is what it waits for.
        Task {
            let end = await death.ended()
            ended(end)
            arrival.settle(.ended(end))
        }
        let came = await arrival.value()
        // One connection only: nothing else inside can pose as the worker.
        try? FileManager.default.removeItem(atPath: directory.workerSocket)  // gone already: as wanted
        loop.wake()
        guard case .connected(let socket) = came else {
            running.kill()
            let end = await death.ended()
            return .failure(
                Self.unavailable("its worker did not connect (\(end.reason) \(end.status): \(end.lastWords))"))
        }
        return await greet(death, FrameChannel(socket, on: loop, maximumBytes: ToolFrame.maximumBytes))
    }

    private func greet(_ running: Watched, _ channel: FrameChannel) async -> Result<SandboxSession, ToolFailure> {
        let limit = settings.startLimit
        let alarm = Task {
            guard (try? await Task.sleep(for: limit)) != nil else { return }  // cancelled: it is ready
            channel.close()
        }
        var tools: [ToolDescriptor]?
        for await frame in channel.frames {
            channel.consumed()
            let message = try? JSONDecoder().decode(SandboxMessage.self, from: Data(frame))  // refused below
            if case .ready(let offered) = message { tools = offered }
            break
        }
        alarm.cancel()
        guard let tools else {
            channel.close()
            running.kill()
            let end = await running.ended()
            return .failure(Self.unavailable("its worker did not say that it is ready (\(end.lastWords))"))
        }
        let session = SandboxSession(running, channel: channel, tools: tools)
        // The session's own life, ended by its connection or `kill`.
        Task { await session.serve(channel.frames) }
        return .success(session)
    }

    private static func unavailable(_ reason: String) -> ToolFailure {
        ToolFailure(.transient, code: "sandbox_unavailable", "The persona's sandbox cannot start: \(reason)")
    }
}

/// Lets several wait for the end that `RunningSandbox` tells once.
private final class Watched: RunningSandbox {
    private let running: any RunningSandbox
    private let end = OneShot<SandboxEnd>()

    init(_ running: any RunningSandbox) {
        self.running = running
        let end = end
        // Ends with the sandbox.
        Task { end.settle(await running.ended()) }
    }

    func ended() async -> SandboxEnd { await end.value() }
    func kill() { running.kill() }
    func pause() async -> Bool { await running.pause() }
    func resume() async { await running.resume() }
    var moment: Int { running.moment }
    func memoryKills(since moment: Int) async -> Int { await running.memoryKills(since: moment) }
}
