import Domain
import OrchestratorCore
import Simulation
import Store
import ToolKit

/// A random sequence of operations, run on both stores; stops at the first difference.
struct OperationSequence {
    /// How far the two went together, and what then differed.
    struct Difference: Error, CustomStringConvertible {
        let operations: [String]
        let detail: String

        var description: String {
            operations.enumerated().map { "\($0.offset + 1). \($0.element)" }.joined(separator: "\n") + "\n" + detail
        }
    }

    struct Process {
        let owner: ProcessOwner
        let leases: RunLeases
        let queue: JobQueue
        var isLiving = true
        /// What it has begun and not ended, by epoch.
        var running: [JobID: Int] = [:]
    }

    let pair: StorePair
    var random: SeededGenerator
    var model: ModelStore
    var processes: [Process] = []
    var samples: [SampleRun] = []
    /// Leases that somebody once had, and the process that had them; most are stale.
    var leases: [(process: Int, lease: RunLease)] = []
    var jobs: [(process: Int, job: ClaimedJob)] = []
    var sent: [(run: RunID, signal: SignalID)] = []
    var done: [String] = []

    init(_ pair: StorePair, seed: UInt64) {
        self.pair = pair
        random = SeededGenerator(seed: seed)
        model = ModelStore(now: 1_700_000_000_000)
    }

    mutating func run(_ count: Int) async throws {
        try await pair.clear()
        try await pair.set(model.now)
        for _ in 0..<2 { try await open() }
        try await create()
        for _ in 0..<count {
            try await tick()
            try await operate()
            try await compare()
        }
        for process in processes where process.isLiving { await process.owner.close() }
    }

    private mutating func compare() async throws {
        let (real, expected) = (try await pair.lines(), try model.lines())
        guard real != expected else { return }
        let (left, right) = (Set(real), Set(expected))
        throw Difference(
            operations: done,
            detail: "Postgres: \(left.subtracting(right).sorted().joined(separator: "\n          "))\n"
                + "model:    \(right.subtracting(left).sorted().joined(separator: "\n          "))")
    }

    mutating func expect<Value: Equatable>(_ real: Value, _ expected: Value) throws {
        guard real != expected else { return }
        throw Difference(operations: done, detail: "Postgres answered \(real), the model \(expected)")
    }

    /// Either answer or the refusal, of both.
    mutating func both<Value: Equatable>(
        _ real: () async throws -> Value, _ expected: (inout ModelStore) throws -> Value
    ) async throws -> Value? {
        let answer: Value?
        do { answer = try await real() } catch is LeaseError { answer = nil }
        let modelled: Value?
        do { modelled = try expected(&model) } catch is ModelError { modelled = nil }
        try expect(answer, modelled)
        return answer
    }

    private mutating func tick() async throws {
        model.now += random.chance(150) ? random.between(3_000, 12_000) : random.between(1, 900)
        try await pair.set(model.now)
    }

    mutating func open() async throws {
        let owner = try await ProcessOwner.register(pair.dispatch, prolongs: false)
        model.register(as: owner.number)
        processes.append(
            Process(
                owner: owner, leases: RunLeases(pair.database, owner: owner),
                queue: JobQueue(pair.database, owner: owner)))
        done.append("process \(processes.count - 1) is owner \(owner.number)")
    }

    var livingProcess: Int {
        mutating get { random.pick(processes.indices.filter { processes[$0].isLiving }) }
    }

    // MARK: One operation

    private mutating func operate() async throws {
        switch random.below(40) {
        case 0: if samples.count < 3 { try await create() }
        case 1, 2: try await signal()
        case 3: if random.chance(300) { try await cancel() }
        case 4, 5, 6: try await claim()
        case 7: try await keep()
        case 8: try await giveBack()
        case 9...18: try await advance()
        case 19...23: try await begin()
        case 24...26: try await mark()
        case 27...31: try await complete()
        case 32, 33: try await fail()
        case 34: try await handBack()
        case 35: try await beat()
        case 36, 37: try await rescue()
        case 38: try await takeRings()
        default: if random.chance(400) { try await replace() }
        }
    }

    private mutating func create() async throws {
        let sample = try SampleRun(&random)
        let priority = random.below(2)
        done.append("create \(sample.id), priority \(priority)")
        samples.append(sample)
        let run = NewRun(
            id: sample.id, persona: pair.persona, personaVersion: 1, graph: sample.graph, input: sample.input,
            priority: priority)
        try await Runs(pair.database).create(pair.tenant, run, actor: "system")
        model.create(sample.id, priority: priority)
    }

    private mutating func replace() async throws {
        let index = livingProcess
        done.append("process \(index) dies")
        processes[index].isLiving = false
        try await pair.end(processes[index].owner)
        model.end(processes[index].owner.number)
        try await open()
    }

    private mutating func takeRings() async throws {
        done.append("take rings")
        let real = try await Outbox(pair.database).take().map { $0.words.joined(separator: " ") }
        try expect(real.sorted(), model.takeRings().map { $0.words.joined(separator: " ") }.sorted())
    }

    private mutating func cancel() async throws {
        let run = random.pick(samples).id
        done.append("cancel \(run)")
        let tenant = pair.tenant
        let runs = Runs(pair.database)
        _ = try await both({ try await runs.cancel(tenant, run, actor: "user") }, { $0.cancel(run) })
    }

    private mutating func signal() async throws {
        var (run, id) = (random.pick(samples).id, SignalID(milliseconds: UInt64(model.now), using: &random))
        if random.chance(200), let earlier = sent.last { (run, id) = earlier }
        sent.append((run, id))
        var name = random.pick(["go", "stay"])
        if random.chance(250) {
            let job = model.jobs.last { $0.state == .unknown }?.id ?? JobID(run: run, step: 1)
            name = EffectDecision.signal(for: job)
        }
        let payload: JSONValue = ["outcome": .string(random.pick(["done", "failed", "retry"]))]
        done.append("signal \(run) \(name) \(id)")
        let outcome = try await Runs(pair.database).signal(
            pair.tenant, run, signal: id, name: name, payload: payload, user: nil, actor: "user")
        try expect("\(outcome)", "\(model.signal(run, id, name: name, payload: payload))")
    }
}

extension DoorbellRing {
    var words: [String] {
        switch self {
        case .run(_, let id): ["run", "\(id)"]
        case .job(_, let id): ["job", "\(id)"]
        case .event(_, let id): ["event", "\(id)"]
        }
    }
}
