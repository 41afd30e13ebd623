package import Domain
import Failpoints
package import Logging
package import OrchestratorCore
import Postgres
import ServiceLifecycle
package import Store
import Synchronization

/// Advances runs: woken by doorbells and by its own sweep, it claims what is ready, commits one transaction a step,
/// and rescues what dead processes left behind. Any number of orchestrators share a database.
package struct Orchestrator: Service {
    package struct Options: Sendable {
        /// Time between two sweeps: what a lost doorbell costs at most.
        package var sweepInterval = Duration.seconds(2)
        /// Between the first sweeps, where a killed process has just been started again: its session may end a moment
        /// later than it did, and until then its leases hold.
        package var firstSweepInterval = Duration.milliseconds(200)
        package var firstSweeps = 5
        /// Runs advanced at the same time: two full groups, one under way and one that gathers. Each waits for at most
        /// one connection of the pool.
        package var concurrency = 2 * GroupCommitter.largestGroup
        /// Runs kept in memory between steps.
        package var hotRuns = 1_000
        /// Visits of pure nodes that may share one checkpoint; 1 gives each its own. Calls always have their own.
        package var visitsPerCheckpoint = 1

        package init() {}
    }

    /// Batches claimed by one sweep, so that what nobody rang for does not wait for a sweep each; the rest is left to
    /// others and to the next one.
    private static let claimsPerSweep = 16

    private let database: Database
    private let owner: ProcessOwner
    private let doorbell: any Doorbell
    private let options: Options
    private let logger: Logger
    private let leases: RunLeases
    private let advance: RunAdvance
    private let desk: RunDesk
    private let relay: RingRelay
    private let doubts: DoubtSweep
    private let claims: Gathering<RunKey, RunLease>

    /// `effectKey` gives a tenant's key for effect keys, the same for good. Steps go through `committer`, by default a
    /// `GroupCommitter`.
    package init(
        database: Database, owner: ProcessOwner, doorbell: any Doorbell, tools: ToolCatalog,
        effectKey: @escaping @Sendable (TenantID) async throws -> EffectKey, committer: (any StepCommitter)? = nil,
        options: Options = Options(), logger: Logger
    ) {
        self.database = database
        self.owner = owner
        self.doorbell = doorbell
        self.options = options
        self.logger = logger
        leases = RunLeases(database, owner: owner)
        doubts = DoubtSweep(database, reconcilers: tools.reconcilers)
        relay = RingRelay(outbox: Outbox(database), doorbell: doorbell)
        let (steps, leases, relay) = (RunSteps(database), leases, relay)
        claims = Gathering(most: RunLeases.batch) { keys in
            let held = try await leases.claim(keys.map { (tenant: $0.tenant, run: $0.run) })
            return Dictionary(held.map { (RunKey(tenant: $0.tenant, run: $0.run), $0) }) { first, _ in first }
        }
        advance = RunAdvance(
            steps: steps, committer: committer ?? GroupCommitter(database, owner: owner), tools: tools,
            keys: TenantKeys(effectKey), visitsPerCheckpoint: options.visitsPerCheckpoint,
            afterCommit: { relay.committed($0) }, owner: owner,
            loads: Gathering(most: RunLeases.batch) { try await steps.load($0) },
            inboxes: Gathering(most: RunLeases.batch) { try await steps.inboxes($0) })
        desk = RunDesk(limit: options.hotRuns)
    }

    /// Runs until cancelled or asked to shut down gracefully: then finishes the steps under way and gives leases back.
    /// Throws `LeaseError.fenced` when this process has lost its own session or its lease: start again with a new owner.
    package func run() async throws {
        let (work, feed) = AsyncStream.makeStream(of: DeskWork.self, bufferingPolicy: .bufferingNewest(100_000))
        let rings = await doorbell.rings()
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await sweep(feed) }
                group.addTask { try await keepLeases() }
                group.addTask { await relay.run(logger) }
                group.addTask {
                    for await ring in rings {
                        if case .run(let tenant, let run) = ring {
                            feed.yield(.ring(RunKey(tenant: tenant, run: run)))
                        }
                    }
                }
                group.addTask {
                    await handle(work)
                    throw CancellationError()  // the desk is closed: everything else may end
                }
                defer { feed.finish() }
                do {
                    for try await _ in group {}
                } catch is CancellationError {
                    group.cancelAll()
                }
            }
        } onGracefulShutdown: {
            feed.finish()
        }
        desk.clear()
        // After a drain or a cancellation the leases must go back, also though this task is cancelled.
        await Task { [leases] in try? await leases.releaseAll() }.value  // else they run out by themselves
    }

    // MARK: Loops

    private func sweep(_ feed: AsyncStream<DeskWork>.Continuation) async throws {
        let rescue = JobRescue(database), clock = PlatformClock(database)
        var watch = ClockWatch(), sweeps = 0, wasSet = ContinuousClock.Instant?.none
        while true {
            do {
                if let jump = try await look(at: clock, &watch) { wasSet = jump == .forth ? .now : wasSet }
                // The living prolong theirs within one lease.
                let trusts = wasSet.map { .now - $0 > .seconds(ProcessOwner.leaseSeconds) } ?? true
                try await leases.releaseDead()
                await doorbell.ring(try await rescue.sweep(trustsLeases: trusts))
                await doorbell.ring(try await doubts.sweep())
                for _ in 0..<Self.claimsPerSweep {
                    let claimed = try await leases.claim(trustsLeases: trusts)
                    for lease in claimed {
                        Failpoint.hit(.runAfterClaim)
                        feed.yield(.claimed(lease))
                    }
                    if claimed.count < RunLeases.batch { break }
                }
                for lease in try await leases.ready() { feed.yield(.claimed(lease)) }
                relay.wake()
            } catch let error as PostgresError {
                logger.warning("A sweep failed; the next one tries again.", metadata: ["error": "\(error)"])
            }
            sweeps += 1
            try await Task.sleep(
                for: sweeps < options.firstSweeps
                    ? min(options.firstSweepInterval, options.sweepInterval) : options.sweepInterval)
        }
    }

    private func look(at clock: PlatformClock, _ watch: inout ClockWatch) async throws -> ClockWatch.Jump? {
        let asked = ContinuousClock.now
        let time = try await clock.now()
        guard let jump = watch.look(time, asked: asked, answered: .now) else { return nil }
        logger.warning("The database's clock was set.", metadata: ["jump": "\(jump)"])
        if case .back(let from) = jump { try await clock.wasSetBack(from: from) }
        return jump
    }

    /// Prolongs leases, forgets runs that were taken away, and stops everything once this process has fallen silent.
    private func keepLeases() async throws {
        while true {
            do {
                let held = try await leases.renew()
                desk.keep(held)
            } catch {
                logger.warning("Leases could not be prolonged.", metadata: ["error": "\(error)"])
            }
            guard owner.isAlive else {
                logger.error("This process has lost its leases and stops.", metadata: ["owner": "\(owner.number)"])
                throw LeaseError.fenced
            }
            try await Task.sleep(for: ProcessOwner.renewalInterval)
        }
    }

    private func handle(_ work: AsyncStream<DeskWork>) async {
        await withTaskGroup(of: Void.self) { group in
            var underWay = 0
            for await item in work {
                if underWay >= options.concurrency {
                    await group.next()
                    underWay -= 1
                }
                underWay += 1
                group.addTask { await handle(item) }
            }
        }
    }

    // MARK: One run

    private func handle(_ item: DeskWork) async {
        switch item {
        case .claimed(let lease): await advance(RunKey(tenant: lease.tenant, run: lease.run)) { lease }
        case .ring(let key): await advance(key) { try await claims.value(of: key) }
        }
    }

    /// Advances `run` unless someone here is at it already, who then looks once more.
    private func advance(_ key: RunKey, claim: @Sendable () async throws -> RunLease?) async {
        let run = key.run
        switch desk.begin(run) {
        case .busy: return
        case .hot(let hot): await pass(key, hot)
        case .cold:
            do {
                guard let lease = try await claim() else {
                    desk.forget(run)
                    return
                }
                Failpoint.hit(.runAfterClaim)
                await pass(key, try await load(lease))
            } catch {
                report(error, run)
                desk.forget(run)
            }
        }
    }

    private func load(_ lease: RunLease) async throws -> HotRun? {
        do {
            return try await advance.load(lease)
        } catch let error as LeaseError {
            throw error
        } catch {
            // The lease goes back; the run is tried again when it is next looked at.
            try? await leases.release(lease)
            throw error
        }
    }

    private func pass(_ key: RunKey, _ start: HotRun?) async {
        let run = key.run
        guard var current = start else {
            desk.forget(run)
            return
        }
        while true {
            do {
                guard case .resting(let rested) = try await advance.run(current) else { return await leave(key) }
                current = rested
            } catch {
                report(error, run)
                // A machine that failed to commit is not trusted again: the lease goes back, the run is loaded anew.
                try? await leases.release(current.lease)  // else it runs out by itself
                desk.forget(run)
                return
            }
            switch desk.rest(run, current) {
            case .again: continue
            case .resting(let evicted):
                if let evicted { try? await leases.release(evicted) }  // else it runs out by itself
                return
            }
        }
    }

    /// The lease went back with the last commit. A ring that came meanwhile finds the run by a claim.
    private func leave(_ key: RunKey) async {
        guard desk.forget(key.run) else { return }
        await advance(key) { try await claims.value(of: key) }
    }

    private func report(_ error: any Error, _ run: RunID) {
        if error is LeaseError {
            logger.info("A run has gone to another owner.", metadata: ["run": "\(run)"])
        } else {
            logger.error("A run could not be advanced.", metadata: ["run": "\(run)", "error": "\(error)"])
        }
    }
}

enum DeskWork: Sendable {
    case claimed(RunLease)
    case ring(RunKey)
}

/// A run as the tables know it.
struct RunKey: Sendable, Hashable {
    let tenant: TenantID
    let run: RunID
}
