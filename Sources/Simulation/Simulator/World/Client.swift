import Domain

/// People and programs outside: they signal, cancel and answer, over a network that loses answers, and repeat what
/// they got no answer to.
final class Client {
    private let world: World
    private let run: SimulatedRun
    private var answered: Set<String> = []

    init(_ world: World, _ run: SimulatedRun) {
        self.world = world
        self.run = run
    }

    /// Keeps its client alive through what it schedules.
    func start() {
        for name in run.graph.signals where world.random.chance(600) {
            // Early as often as late, and sometimes twice.
            for _ in 0..<world.random.between(1, 2) {
                world.at(world.now + world.random.between(1, 4_000)) { self.signal(name, "early") }
            }
        }
        if world.random.chance(100) { world.at(world.now + world.random.between(1, 3_000)) { self.cancel() } }
        if world.random.chance(100) {
            world.at(world.now + world.random.between(1, 3_000)) {
                self.signal(EffectDecision.signalPrefix + self.run.id.description, ["outcome": "done"])
            }
        }
        attend()
    }

    private func signal(_ name: String, _ payload: JSONValue) {
        let id = SignalID(milliseconds: UInt64(world.now), using: &world.random)
        send(name, payload, id)
    }

    private func send(_ name: String, _ payload: JSONValue, _ id: SignalID) {
        request { store in
            store.signal(self.run.id, id, name: name, payload: payload)
        } then: { outcome in
            guard let outcome else { return self.send(name, payload, id) }
            self.world.note("signal \(name) of \(self.run.id): \(outcome)")
            if outcome == .accepted { self.world.accepted.append(id) }
        }
    }

    private func cancel() {
        request { store in
            store.cancel(self.run.id)
        } then: { isCancelled in
            self.world.note("cancel \(self.run.id): \(String(describing: isCancelled))")
            if isCancelled == nil { self.cancel() }
        }
    }

    /// `nil`: nobody knows.
    private func request<Value>(
        _ body: @escaping (inout ModelStore) -> Value, then: @escaping (Value?) -> Void
    ) {
        world.openRequests += 1
        world.at(world.now + world.delay) { [world] in
            world.openRequests -= 1
            guard world.now >= world.awayUntil, !world.happens(world.plan.requestLost) else {
                world.openRequests += 1
                return world.at(world.now + 700) {
                    world.openRequests -= 1
                    then(nil)
                }
            }
            let value = body(&world.store)
            world.ring([.run(self.run.id)])
            then(world.happens(world.plan.answerLost) ? nil : value)
        }
    }

    // MARK: Answers

    /// Once the faults are over, whoever a run waits for comes.
    private func attend() {
        guard let row = world.store.run(run.id), row.finishedAt == nil else { return }
        if world.isSettling {
            for wait in row.waitingFor ?? [] {
                switch wait["kind"]?.string {
                case "signal": if let name = wait["name"]?.string { answer(name, wait) }
                case "decision": decide(wait)
                default: break
                }
            }
        }
        world.at(world.now + 1_000) { self.attend() }
    }

    private func answer(_ name: String, _ wait: JSONValue) {
        signal(name, "late")
    }

    /// After a while, when nobody can still be transmitting: by what the far end has.
    private func decide(_ wait: JSONValue) {
        guard world.now - World.start > world.plan.horizon + 40_000, let signal = wait["signal"]?.string,
            let job = wait["job_id"]?.string.flatMap({ JobID($0) }).flatMap({ world.store.job($0) }),
            answered.insert("\(job.id)/\(job.epoch)/\(job.attempt)").inserted
        else { return }
        let isThere = world.farEnd.has(job.effectKey)
        let outcome = isThere ? "done" : world.random.pick(["failed", "retry"])
        self.signal(signal, ["outcome": .string(outcome)])
    }
}
