import Domain
import ToolKit

/// One call of a tool, from its start to the writing of its outcome.
final class SimulatedCall {
    let job: JobRow
    private unowned let worker: SimulatedWorker
    private let world: World
    /// The mark may have been committed: from here a cut leaves the outcome unknown.
    private var isInWindow = false
    private var isEnded = false

    init(_ job: JobRow, _ worker: SimulatedWorker) {
        self.job = job
        self.worker = worker
        world = worker.world
    }

    /// Something came between the mark and the outcome.
    func cut() {
        if isInWindow { world.cuts.insert(job.id) }
    }

    /// Another owner has it, or it was cancelled: it stops and writes nothing.
    func take() {
        world.note("\(worker.name) loses \(job.tool) \(job.id)")
        cut()
        end()
    }

    func start() {
        world.note("\(worker.name) begins \(job.tool) \(job.id), attempt \(job.attempt), epoch \(job.epoch)")
        let duration = world.happens(world.plan.slowCall) ? world.random.between(2_000, 14_000) : world.delay
        worker.after(job.timeoutSeconds * 1_000) { [self] in timeOut() }
        worker.after(duration) { [self] in
            worker.step { [self] in if !isEnded { work() } }
        }
    }

    private func timeOut() {
        guard !isEnded else { return }
        if isInWindow { unknown("timeout") } else { fail(.transient, "timeout") }
    }

    private func work() {
        if job.kind == .reconcile { return reconcile() }
        if world.happens(world.plan.transient) { return fail(.transient, "away") }
        if world.happens(world.plan.permanent) { return fail(.permanent, "refused") }
        switch job.effect {
        case .read: complete(["read": .int(Int64(job.step))])
        case .idempotentByKey: put()
        case .deduplicable, .nonIdempotent: announce()
        }
    }

    private func reconcile() {
        if world.happens(world.plan.reconcilerFails) {
            return world.random.chance(700) ? fail(.transient, "away") : complete(["outcome": "unknown"])
        }
        let isThere = job.input["effect_key"]?.string.map(world.farEnd.has) ?? false
        complete(["outcome": isThere ? "done" : "not_done"])
    }

    private func put() {
        if world.happens(world.plan.farRequestLost) { return later(300) { $0.fail(.transient, "cut") } }
        world.farEnd.accept(job.effectKey)
        if world.happens(world.plan.farAnswerLost) { return later(300) { $0.fail(.transient, "cut") } }
        later(world.delay) { $0.complete("put") }
    }

    private func later(_ delay: Int, _ action: @escaping (SimulatedCall) -> Void) {
        worker.after(delay) { [self] in if !isEnded { action(self) } }
    }

    // MARK: The undecidable window

    private func announce() {
        guard worker.isAlive else { return end() }
        isInWindow = true
        if world.mutation == .markNotAwaited { transmit() }
        let (id, epoch) = (job.id, job.epoch)
        worker.ask {
            try $0.mark(id, epoch: epoch, .transmitting)
        } then: { [self] answer in
            guard !isEnded, world.mutation != .markNotAwaited else { return }
            switch answer {
            case .success: transmit()
            case .failure(.fenced): take()
            case .failure(.lost):
                world.cuts.insert(job.id)
                if world.mutation == .markNotConfirmed { transmit() } else { fail(.transient, "not_marked") }
            }
        }
    }

    private func transmit() {
        worker.step { [self] in
            if !isEnded { send() }
        }
    }

    private func send() {
        world.note("\(worker.name) transmits \(job.id)")
        let life = worker.life
        let isSlow = world.happens(world.plan.slowTransmission)
        let delay = isSlow ? world.random.between(200, 5_000) : world.random.pick([0, 1, 10, 40])
        world.at(world.now + delay) { [self] in
            // What a dead process had not sent is not sent.
            guard life == worker.life, worker.isUp, !isEnded else { return }
            arrive()
        }
    }

    private func arrive() {
        if world.happens(world.plan.farRequestLost) { return later(400) { $0.unknown("cut") } }
        if world.happens(world.plan.permanent) { return later(5) { $0.fail(.permanent, "rejected") } }
        world.farEnd.accept(job.effectKey)
        world.note("the far end takes \(job.id) for the \(world.farEnd.count(job.effectKey)). time")
        if world.happens(world.plan.farAnswerLost) { return later(400) { $0.unknown("cut") } }
        later(world.random.between(1, 30)) { call in
            call.worker.step { if !call.isEnded { call.accepted() } }
        }
    }

    private func accepted() {
        let (id, epoch) = (job.id, job.epoch)
        worker.ask {
            try $0.mark(id, epoch: epoch, .accepted)
        } then: { [self] answer in
            guard !isEnded else { return }
            if case .failure(.fenced) = answer { return take() }
            complete("sent")
        }
    }

    // MARK: Outcomes

    private func unknown(_ code: String) {
        world.cuts.insert(job.id)
        fail(.unknownOutcome, code)
    }

    private func complete(_ output: JSONValue) {
        let (id, epoch) = (job.id, job.epoch)
        write { try $0.complete(id, epoch: epoch, output: output) }
    }

    private func fail(_ kind: ToolFailure.Kind, _ code: String) {
        let (id, epoch) = (job.id, job.epoch)
        let failure = ToolFailure(kind, code: code, "The far end says so.")
        world.note("\(job.tool) \(id) fails: \(kind) \(code)")
        write { try $0.fail(id, epoch: epoch, failure) }
    }

    private func write(_ body: @escaping (inout ModelStore) throws -> Void) {
        isEnded = true
        guard worker.isAlive else {
            cut()
            return worker.ended(self)
        }
        worker.step { [self] in
            worker.ask(body) { [self] answer in
                switch answer {
                case .success: world.ring([.run(job.run)])
                case .failure:
                    world.note("the outcome of \(job.id) was not written: \(answer)")
                    cut()
                }
                worker.ended(self)
            }
        }
    }

    private func end() {
        guard !isEnded else { return }
        isEnded = true
        worker.ended(self)
    }
}
