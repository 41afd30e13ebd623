import Domain
import Glibc
import PlatformKit
import Store
import TestKit
import Testing

/// SIGSTOP for longer than a lease, then SIGCONT: what a long pause of a machine does.
@Suite(.timeLimit(.minutes(10))) struct FrozenProcessTests {
    @Test func frozenOrchestratorWakesAsAZombieWhoseWritesHitNothing() async throws {
        try await Workshop.with { workshop in
            let frozen = try await workshop.start(.orchestrator, machine: "frozen")
            let worker = try await workshop.start(.worker)
            let runs = try await workshop.beginHeld(3)
            try await until("the mails are on their way") { runs.allSatisfy { workshop.sink.isHolding($0.address) } }
            try await frozen.freeze()
            let taker = try await workshop.start(.orchestrator, machine: "taker")
            for run in runs { workshop.sink.release(run.address) }
            for run in runs { #expect(try await workshop.finished(run.id).status == .succeeded) }
            // What it was in the middle of is another's by now. It lets go of that and is of use for what is new.
            frozen.thaw()
            #expect(await taker.stop() == 0, "\(taker.words)")
            #expect(try await workshop.finished(try await workshop.begin()).status == .succeeded)
            for process in [frozen, worker] { #expect(await process.stop() == 0, "\(process.words)") }
            try await WorkshopOracle(workshop: workshop).holds(cuts: 0)
        }
    }

    @Test func workerFrozenJustBeforeItSendsNeverSendsWhatAnotherHasSent() async throws {
        try await Workshop.with { workshop in
            let orchestrator = try await workshop.start(.orchestrator)
            let frozen = try await workshop.start(.worker, machine: "frozen")
            let run = try #require(try await workshop.beginHeld(1).first)
            try await until("the mail is on its way") { workshop.sink.isHolding(run.address) }
            let family = [frozen.pid] + Processes.descendants(of: frozen.pid)
            #expect(family.count > 2)
            for process in family { kill(process, SIGSTOP) }
            let taker = try await workshop.start(.worker, machine: "taker")
            try await until("another worker has the call") {
                try await Runs(workshop.database).effects(workshop.tenant, run.id).first?.attempt == 2
            }
            workshop.sink.release(run.address)
            #expect(try await workshop.finished(run.id).status == .succeeded)
            #expect(workshop.sink.count(to: run.address) == 1)
            for process in family.reversed() { kill(process, SIGCONT) }
            try await frozen.says("the worker starts again")
            #expect(await taker.stop() == 0, "\(taker.words)")
            #expect(try await workshop.finished(try await workshop.begin()).status == .succeeded)
            for process in [orchestrator, frozen] { #expect(await process.stop() == 0, "\(process.words)") }
            try await WorkshopOracle(workshop: workshop).holds(cuts: 0)
        }
    }
}
