/// What a request to the database may end in besides its answer.
enum RequestError: Error {
    case fenced
    /// The connection broke: the request may or may not have taken effect.
    case lost
}

/// A process of the platform: it has a session and a number in the store, can be killed and stopped, and talks to the
/// store over a network that loses and delays.
class SimulatedProcess {
    unowned let world: World
    let name: String
    /// Raised by each start and each end: what an earlier life planned does not happen.
    private(set) var life = 0
    private(set) var isUp = false
    private(set) var owner = 0
    private var isSessionCut = false
    private var hasNoticed = false
    /// By the process's own monotonic clock.
    private var renewedAt = 0
    private var stoppedUntil: Int?
    private var postponed: [() -> Void] = []

    init(_ world: World, _ name: String) {
        self.world = world
        self.name = name
    }

    // MARK: Life

    /// What a process does once it has a number; what it forgets at its end; what it does with a doorbell.
    func begin() {}
    func forget() {}
    func hear(_ ring: ModelRing) {}

    func launch(after delay: Int) {
        let life = life
        world.at(world.now + delay) { [self] in
            guard life == self.life, !isUp else { return }
            guard world.now >= world.awayUntil else { return launch(after: 200) }
            isUp = true
            self.life += 1
            owner = world.store.register()
            isSessionCut = false
            hasNoticed = false
            renewedAt = world.now
            world.note("\(name) is owner \(owner)")
            begin()
        }
    }

    /// SIGKILL. The server notices the end of the session a moment later.
    func crash(restartAfter delay: Int) {
        guard isUp else { return }
        world.note("\(name) dies")
        forget()
        isUp = false
        life += 1
        stoppedUntil = nil
        postponed = []
        let owner = owner
        world.at(world.now + world.random.between(0, 150)) { [world] in world.store.end(owner) }
        launch(after: delay)
    }

    /// SIGSTOP now, SIGCONT after `length`.
    func stop(for length: Int) {
        guard isUp, stoppedUntil == nil, !isSessionCut else { return }
        stoppedUntil = world.now + length
        world.note("\(name) is stopped")
        stopped()
        let life = life
        world.at(world.now + length) { [self] in
            if life == self.life { resume() }
        }
    }

    func stopped() {}

    func resume() {
        guard stoppedUntil != nil else { return }
        world.note("\(name) goes on")
        stoppedUntil = nil
        let actions = postponed
        postponed = []
        // Its threads wake in any order.
        for action in actions { after(world.random.below(60), action) }
    }

    /// The server ends the session; the process finds out at its next renewal.
    ///
    /// Not while it is stopped: a process that sleeps between its mark and its effect while the server drops its
    /// session looks dead and is not, and nothing that the database knows tells the difference.
    func cutSession() {
        guard isUp, stoppedUntil == nil else { return }
        isSessionCut = true
        world.store.end(owner)
    }

    /// `ProcessOwner.isAlive`.
    var isAlive: Bool { !hasNoticed && world.now - renewedAt < ModelStore.lease * 2 / 3 }

    /// Runs `action` in this life after `delay`, or when the process goes on.
    func after(_ delay: Int, _ action: @escaping () -> Void) {
        let life = life
        world.at(world.now + delay) { [self] in
            guard life == self.life, isUp else { return }
            if stoppedUntil != nil { postponed.append(action) } else { action() }
        }
    }

    /// Goes on with `action`, unless a fault strikes just before it.
    func step(_ action: @escaping () -> Void) {
        if world.happens(world.plan.crashAtStep) { return crash(restartAfter: world.random.between(10, 2_000)) }
        if world.happens(world.plan.cutAtStep) { cutSession() }
        if world.happens(world.plan.stopAtStep) { stop(for: world.random.pick([100, 3_000, 11_000, 14_000, 17_000])) }
        if stoppedUntil == nil { action() } else { after(0, action) }
    }

    // MARK: Requests

    /// One transaction: `body` runs in the store some time from now, or not; `then` gets its answer, or not.
    func ask<Value>(
        _ body: @escaping (inout ModelStore) throws -> Value,
        then: @escaping (Result<Value, RequestError>) -> Void
    ) {
        let life = life
        world.at(world.now + world.delay) { [self] in
            // Of a dead process's last requests some have reached the server.
            if life != self.life, world.random.chance(500) { return }
            guard world.now >= world.awayUntil, !world.happens(world.plan.requestLost) else {
                return after(world.delay) { then(.failure(.lost)) }
            }
            let answer = answer(body)
            if world.happens(world.plan.answerLost) {
                after(world.delay) { then(.failure(.lost)) }
            } else {
                after(world.delay) { then(answer) }
            }
        }
    }

    private func answer<Value>(_ body: (inout ModelStore) throws -> Value) -> Result<Value, RequestError> {
        do {
            return .success(try body(&world.store))
        } catch {
            return .failure(error as? RequestError ?? .fenced)
        }
    }

    /// A renewal over the owner's session.
    func renew<Value>(
        _ body: @escaping (inout ModelStore) throws -> Value,
        then: @escaping (Result<Value, RequestError>) -> Void
    ) {
        let asked = world.now
        guard !isSessionCut else {
            return after(1) { [self] in
                hasNoticed = true
                then(.failure(.lost))
            }
        }
        ask(body) { [self] answer in
            if case .success = answer { renewedAt = asked }
            // A session that broke is not mended: the server frees its lock.
            if case .failure(.lost) = answer {
                cutSession()
                hasNoticed = true
            }
            then(answer)
        }
    }

    /// Ends this life in order, as a process that has lost its lease does, and starts anew.
    func restart() {
        guard isUp else { return }
        world.note("\(name) fences itself")
        forget()
        isUp = false
        life += 1
        world.store.end(owner)
        launch(after: world.random.between(100, 500))
    }
}
