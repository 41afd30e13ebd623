package import Domain
package import Egress
import FoundationEssentials
package import Sockets
package import ToolKit

/// One sandbox per persona: started by the first call, shared by the next, stopped when idle, started anew after a
/// crash.
package actor PersonaContainers {
    private struct Key: Hashable {
        let tenant: TenantID
        let persona: PersonaID
    }

    private struct Entry {
        var start: Task<Result<SandboxSession, ToolFailure>, Never>?
        var calls = 0
        var waiting: [CheckedContinuation<Bool, Never>] = []
        var idleSince: ContinuousClock.Instant = .now
        var egress: EgressListener?
        var isPinned = false
        /// Set while its processes stand still or are being made to.
        var pause: Task<Bool, Never>?

        var isIdle: Bool { calls == 0 && start != nil }
    }

    private let data: String
    private let sandbox: any PersonaSandbox
    private let starter: SandboxStarter
    private let settings: PersonaContainerSettings
    private var entries: [Key: Entry] = [:]
    private var isStopping = false

    /// `loop` carries the sockets; `ended` hears of each sandbox that ended, for the log.
    package init(
        data: String, sandbox: any PersonaSandbox, proxy: EgressProxy, on loop: PollLoop,
        settings: PersonaContainerSettings = PersonaContainerSettings(),
        ended: @escaping @Sendable (TenantID, PersonaID, SandboxEnd) -> Void = { _, _, _ in }
    ) {
        self.data = data
        self.sandbox = sandbox
        self.settings = settings
        starter = SandboxStarter(
            data: data, sandbox: sandbox, proxy: proxy, loop: loop, settings: settings, ended: ended)
    }

    package nonisolated var guarantees: SandboxGuarantees { sandbox.guarantees }

    /// Clears what an earlier platform left. Before the first call: the sandbox of one must not be taken for a left-over.
    package nonisolated func clear() async throws(SandboxError) { try await sandbox.removeLeftOvers(keeping: []) }

    /// Removes sandboxes of this platform that it does not know: an engine that was away may have kept them.
    package func reconcile() async throws(SandboxError) {
        let known = entries.filter { $0.value.start != nil }.map(\.key.persona)
        // None known is left alone: the first of all may just be starting.
        if !known.isEmpty { try await sandbox.removeLeftOvers(keeping: Set(known)) }
    }

    /// Pauses idle sandboxes and stops them later, until cancelled; then stops all of them.
    package func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: settings.idleCheck)  // cancelled: the loop ends
            await stopIdle(since: .now - settings.idleLimit)
            await stopIdle(beyond: settings.mostIdle)
            await pauseIdle(since: .now - settings.pauseLimit)
            try? await reconcile()  // an engine that is away: the next time
        }
        await stopAll()
    }

    /// Runs a tool in the persona's sandbox.
    ///
    /// `mark` commits an effect's phase; when it throws, the tool is told to stop. A sandbox that dies fails the call
    /// with `sandbox_died` (transient), `oom` or `workspace_full` (permanent), or, once `transmitting` was committed, as an unknown outcome:
    /// after `accepted`, too, a repeat would be a second effect. A call that does not end in time costs the whole sandbox.
    package func call(
        _ call: SandboxCall, mark: @escaping @Sendable (EffectPhase) async throws -> Void = { _ in },
        progress: SandboxProgress = { _, _ in }
    ) async throws(ToolFailure) -> SandboxResult {
        let key = Key(tenant: call.tenant, persona: call.persona)
        try await takeSlot(key)
        defer { releaseSlot(key) }
        let session = try await session(key, egress: call.egress)
        let exchange = SandboxExchange(session: session, call: call, grace: settings.grace)
        let output = try await exchange.run(mark: mark, progress: progress)
        let root = "\(data)/personas/\(call.tenant)/\(call.persona)/workspace/\(call.directory)"
        return SandboxResult(output: output.output, artifacts: output.artifacts, root: WorkspaceRoot(path: root))
    }

    /// The tools that the persona's sandbox offers; starts it where needed.
    package func tools(
        tenant: TenantID, persona: PersonaID, egress: EgressPolicy = EgressPolicy()
    ) async throws(ToolFailure) -> [ToolDescriptor] {
        let key = Key(tenant: tenant, persona: persona)
        try await takeSlot(key)
        defer { releaseSlot(key) }
        return try await session(key, egress: egress).tools
    }

    /// A pinned sandbox is not stopped for idleness.
    package func pin(_ isPinned: Bool, tenant: TenantID, persona: PersonaID) {
        entries[Key(tenant: tenant, persona: persona), default: Entry()].isPinned = isPinned
    }

    /// Starts the persona's sandbox ahead of its first call.
    package func warm(
        tenant: TenantID, persona: PersonaID, egress: EgressPolicy = EgressPolicy()
    ) async throws(ToolFailure) { _ = try await tools(tenant: tenant, persona: persona, egress: egress) }

    /// Makes an idle sandbox stand still, with all that it holds, until its next call; `false` where it has calls, where
    /// it is not started, or where this machine cannot.
    package func pause(tenant: TenantID, persona: PersonaID) async -> Bool {
        await pause(Key(tenant: tenant, persona: persona))
    }

    private func pause(_ key: Key) async -> Bool {
        guard let entry = entries[key], entry.calls == 0, let start = entry.start else { return false }
        if let pause = entry.pause { return await pause.value }
        let pause = Task {
            guard case .success(let session) = await start.value, session.isAlive else { return false }
            return await session.pause()
        }
        entries[key]?.pause = pause
        return await pause.value
    }

    /// Pauses sandboxes without calls since `instant`.
    package func pauseIdle(since instant: ContinuousClock.Instant) async {
        for (key, entry) in entries where entry.isIdle && entry.pause == nil && entry.idleSince <= instant {
            _ = await pause(key)
        }
    }

    /// Where a run's files are on the host.
    package nonisolated func workspace(tenant: TenantID, persona: PersonaID, run: RunID) -> WorkspaceRoot {
        WorkspaceRoot(path: "\(data)/personas/\(tenant)/\(persona)/workspace/runs/\(run)")
    }

    package func stop(tenant: TenantID, persona: PersonaID) async { await stop(Key(tenant: tenant, persona: persona)) }

    /// Stops sandboxes without calls since `instant`.
    package func stopIdle(since instant: ContinuousClock.Instant) async {
        for (key, entry) in entries where entry.isIdle && !entry.isPinned && entry.idleSince <= instant {
            await stop(key)
        }
    }

    /// Stops those that are idle for longest until no more than `limit` are: the warm ones that are left answer at once.
    package func stopIdle(beyond limit: Int) async {
        let idle = entries.filter { $0.value.isIdle && !$0.value.isPinned }.sorted {
            $0.value.idleSince < $1.value.idleSince
        }
        for (key, _) in idle.dropLast(max(0, limit)) where entries[key]?.calls == 0 { await stop(key) }
    }

    /// Stops everything; later calls are refused.
    package func stopAll() async {
        isStopping = true
        for key in Array(entries.keys) { await stop(key) }
    }

    private func stop(_ key: Key) async {
        guard let start = entries[key]?.start else { return }
        entries[key]?.start = nil
        entries[key]?.pause = nil
        let egress = entries[key]?.egress
        entries[key]?.egress = nil
        if case .success(let session) = await start.value {
            session.kill()
            _ = await session.end.value()
        }
        egress?.close()
    }

    private func session(_ key: Key, egress policy: EgressPolicy) async throws(ToolFailure) -> SandboxSession {
        if let start = entries[key]?.start {
            entries[key]?.egress?.update(policy)
            switch await start.value {
            case .success(let session) where session.isAlive:
                await resume(key, session)
                return session
            default: if entries[key]?.start == start { await stop(key) }
            }
        }
        if let start = entries[key]?.start { return try await start.value.get() }
        let listener: EgressListener
        let directory: PersonaDirectory
        do {
            (directory, listener) = try starter.prepare(key.tenant, key.persona, policy: policy)
        } catch {
            throw ToolFailure(.transient, code: "sandbox_unavailable", "The persona's sandbox cannot start: \(error)")
        }
        let start = Task { [starter] in await starter.start(key.tenant, key.persona, in: directory) }
        entries[key, default: Entry()].start = start
        entries[key]?.egress = listener
        let result = await start.value
        switch result {
        case .failure: if entries[key]?.start == start { await stop(key) }
        case .success(let session): watch(session, directory.workspace, key, start)
        }
        return try result.get()
    }

    /// What is being paused is let go on once it stands still; what is sent to it before waits in its socket.
    private func resume(_ key: Key, _ session: SandboxSession) async {
        guard let pause = entries[key]?.pause else { return }
        entries[key]?.pause = nil
        _ = await pause.value
        await session.resume()
    }

    /// Looks at the workspace's size for as long as the sandbox lives, and ends a sandbox that fills it.
    private func watch(
        _ session: SandboxSession, _ workspace: String, _ key: Key,
        _ start: Task<Result<SandboxSession, ToolFailure>, Never>
    ) {
        let limits = settings.limits, pause = settings.workspaceCheck
        Task {
            while session.isAlive, entries[key]?.start == start {
                try? await Task.sleep(for: pause)  // never cancelled: it ends with the sandbox
                guard let entry = entries[key], entry.calls > 0 else { continue }
                let begun = ContinuousClock.now
                if await WorkspaceGauge.isAbove(
                    limits.workspaceBytes, entries: limits.workspaceEntries, at: workspace)
                {
                    session.kill(Self.full(limits))
                }
                // A large workspace takes long to look at: one part in ten of the time.
                try? await Task.sleep(for: (ContinuousClock.now - begun) * 9)  // never cancelled
            }
        }
    }

    private static func full(_ limits: SandboxLimits) -> ToolFailure {
        ToolFailure(
            .permanent, code: "workspace_full",
            """
            The persona's workspace is above \(limits.workspaceBytes / (1 << 20)) MiB or \(limits.workspaceEntries) files; \
            its sandbox was ended. Remove files from it before the next call.
            """)
    }

    private func takeSlot(_ key: Key) async throws(ToolFailure) {
        var entry = entries[key] ?? Entry()
        if isStopping {
            throw ToolFailure(.transient, code: "stopping", "The platform is stopping; the call was not begun.")
        }
        if entry.calls < settings.callsPerPersona {
            entry.calls += 1
            entries[key] = entry
            return
        }
        guard entry.waiting.count < settings.waitingPerPersona else {
            throw ToolFailure(
                .transient, code: "persona_busy",
                "The persona already has \(entry.calls) calls running and \(entry.waiting.count) waiting.")
        }
        _ = await withCheckedContinuation { entries[key]?.waiting.append($0) }
    }

    /// The slot goes straight to the call that waited longest.
    private func releaseSlot(_ key: Key) {
        guard var entry = entries[key] else { return }
        if entry.waiting.isEmpty {
            entry.calls -= 1
            entry.idleSince = .now
            entries[key] = entry
        } else {
            let next = entry.waiting.removeFirst()
            entries[key] = entry
            next.resume(returning: true)
        }
    }
}

/// Bounds of the personas' sandboxes.
package struct PersonaContainerSettings: Sendable {
    /// Calls at once in one sandbox: below the 16 that the worker inside takes.
    package var callsPerPersona = 8
    /// Calls that wait for one of those; more are refused.
    package var waitingPerPersona = 64
    /// A sandbox without calls for so long is stopped.
    package var idleLimit = Duration.seconds(600)
    package var idleCheck = Duration.seconds(15)
    /// After so long without calls its processes are made to stand still: a browser's pages take no processor time.
    package var pauseLimit = Duration.seconds(30)
    /// Idle sandboxes that are kept warm; beyond them those that are idle for longest are stopped.
    package var mostIdle = 64
    /// Between two looks at the size of a busy workspace.
    package var workspaceCheck = Duration.seconds(1)
    /// From the process's start to its `ready`.
    package var startLimit = Duration.seconds(20)
    /// How long a call may go on after its time-out or cancellation before its sandbox is killed.
    package var grace = Duration.seconds(3)
    package var limits = SandboxLimits()
    /// Hears of every connection through the proxy.
    package var ledger: @Sendable (TenantID, PersonaID, EgressRecord) -> Void = { _, _, _ in }

    package init() {}
}
