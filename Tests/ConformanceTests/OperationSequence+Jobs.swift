import Domain
import Simulation
import Store
import ToolKit

/// The work queue, the effect ledger and the rescue.
extension OperationSequence {
    mutating func begin() async throws {
        let index = livingProcess
        let process = processes[index]
        // Rows of the same urgency have no order: only without such is a limit the same for both.
        let due = model.dueJobs(for: process.owner.number)
        let isOrdered = Set(due.map { "\($0.priority) \($0.runAfter)" }).count == due.count
        let limit = isOrdered ? random.between(1, 3) : 100
        done.append("process \(index) begins up to \(limit) jobs")
        let real = try await process.queue.claim(limit: limit)
        let begun = model.begin(by: process.owner.number, limit: limit)
        for (job, epoch) in begun { _ = model.loadJob(job, epoch: epoch) }
        try expect(Set(real.map { "\($0.id) \($0.epoch)" }), Set(begun.map { "\($0.job) \($0.epoch)" }))
        jobs += real.map { (index, $0) }
        for job in real { processes[index].running[job.id] = job.epoch }
        try expect(try await process.queue.nextDue(), model.nextDue())
    }

    /// One that was begun at some time: often the latest, else perhaps rescued, ended or cancelled since.
    private mutating func begunJob() -> (process: Int, job: ClaimedJob)? {
        guard !jobs.isEmpty else { return nil }
        return random.chance(500) ? jobs[jobs.count - 1 - random.below(min(3, jobs.count))] : random.pick(jobs)
    }

    /// A process that has ended refuses before it asks.
    private mutating func write(
        _ name: String, ends: Bool = true, _ body: (JobQueue, ClaimedJob) async throws -> Void,
        _ expected: (inout ModelStore, ClaimedJob) throws -> Void
    ) async throws {
        guard let (index, job) = begunJob() else { return }
        let process = processes[index]
        done.append("process \(index): \(name) \(job.tool) \(job.id) of epoch \(job.epoch)")
        if ends, process.running[job.id] == job.epoch { processes[index].running[job.id] = nil }
        _ = try await both(
            {
                try await body(process.queue, job)
                return true
            },
            { model in
                guard process.isLiving else { throw ModelError.fenced }
                try expected(&model, job)
                return true
            })
    }

    mutating func mark() async throws {
        let phase: EffectPhase = random.chance(600) ? .transmitting : .accepted
        try await write("\(phase)", ends: false) {
            try await $0.mark($1, phase)
        } _: {
            try $0.mark($1.id, epoch: $1.epoch, phase)
        }
    }

    mutating func complete() async throws {
        let outcome: JSONValue = ["outcome": .string(random.pick(["done", "not_done", "unknown"]))]
        try await write("complete") {
            try await $0.complete($1, output: outcome)
        } _: {
            try $0.complete($1.id, epoch: $1.epoch, output: outcome)
        }
    }

    mutating func fail() async throws {
        let kinds: [ToolFailure.Kind] = [.transient, .permanent, .unknownOutcome]
        let failure = ToolFailure(random.pick(kinds), code: "test", "As the sequence wants.")
        try await write("fail \(failure.kind)") {
            try await $0.fail($1, failure)
        } _: {
            try $0.fail($1.id, epoch: $1.epoch, failure)
        }
    }

    mutating func handBack() async throws {
        try await write("hand back") {
            try await $0.handBack($1)
        } _: {
            try $0.handBack($1.id, epoch: $1.epoch)
        }
    }

    mutating func beat() async throws {
        let index = livingProcess
        done.append("process \(index) prolongs its jobs")
        let process = processes[index]
        let held = try await process.queue.heartbeat()
        try expect(held, model.heartbeat(process.owner.number, running: process.running))
        processes[index].running = process.running.filter { held.contains($0.key) }
    }

    mutating func rescue() async throws {
        done.append("rescue")
        let real = try await JobRescue(pair.database).sweep().map { $0.words.joined(separator: " ") }
        var rings: [ModelRing] = []
        for (job, epoch) in model.lostJobs() { rings += model.rescue(job, epoch: epoch) }
        try expect(real.sorted(), rings.map { $0.words.joined(separator: " ") }.sorted())
    }
}
