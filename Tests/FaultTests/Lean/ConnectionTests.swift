import Domain
import Glibc
import PlatformKit
import Store
import TestKit
import Testing

/// The way to Postgres fails; Postgres itself does not.
@Suite(.timeLimit(.minutes(10))) struct ConnectionTests {
    @Test func lostAcknowledgementsOfCommitsAreFoundAndNothingIsDoneTwice() async throws {
        try await Workshop.with { workshop in
            let advances = try PostgresProxy(before: workshop.databaseURL)
            let calls = try PostgresProxy(before: workshop.databaseURL)
            defer {
                advances.stop()
                calls.stop()
            }
            advances.loseCommit(every: 7)
            calls.loseCommit(every: 29)
            let orchestrator = try await workshop.start(.orchestrator, databaseURL: advances.url)
            let worker = try await workshop.start(.worker, databaseURL: calls.url)
            for _ in 0..<8 { try await workshop.begin() }
            try await until("acknowledgements are lost on both ways") {
                try await workshop.replenish(to: 4)
                return advances.lostCommits >= 10 && calls.lostCommits >= 5
            }
            advances.loseCommit(every: 0)
            calls.loseCommit(every: 0)
            try await workshop.settle()
            #expect(orchestrator.isRunning && worker.isRunning)
            for process in [orchestrator, worker] { #expect(await process.stop() == 0, "\(process.words)") }
            try await WorkshopOracle(workshop: workshop).holds(cuts: calls.lostCommits)
        }
    }

    @Test func connectionsResetInTheMiddleOfAQueryLoseNothing() async throws {
        try await Workshop.with { workshop in
            let advances = try PostgresProxy(before: workshop.databaseURL)
            let calls = try PostgresProxy(before: workshop.databaseURL)
            defer {
                advances.stop()
                calls.stop()
            }
            advances.reset(every: 23)
            calls.reset(every: 61)
            let orchestrator = try await workshop.start(.orchestrator, databaseURL: advances.url)
            let worker = try await workshop.start(.worker, databaseURL: calls.url)
            try await until("connections are reset on both ways") {
                try await workshop.replenish(to: 4)
                return advances.resets >= 5 && calls.resets >= 3
            }
            advances.reset(every: 0)
            calls.reset(every: 0)
            try await workshop.settle()
            #expect(orchestrator.isRunning && worker.isRunning)
            for process in [orchestrator, worker] { #expect(await process.stop() == 0, "\(process.words)") }
            try await WorkshopOracle(workshop: workshop).holds(cuts: calls.resets)
        }
    }

    @Test func workerThatIsCutOffForLongerThanItsLeaseFencesItselfAndAnotherTakesOver() async throws {
        try await Workshop.with { workshop in
            let proxy = try PostgresProxy(before: workshop.databaseURL)
            defer { proxy.stop() }
            let orchestrator = try await workshop.start(.orchestrator)
            let cut = try await workshop.start(.worker, machine: "cut", databaseURL: proxy.url)
            let run = try await workshop.begin(
                LeanJob.single("late@sink.test"), ["mailbox_id": .string("\(workshop.mailbox)")])
            workshop.sink.hold("late@sink.test", at: .recipient)
            try await until("the mail is on its way") { workshop.sink.isHolding("late@sink.test") }
            proxy.fallSilent()
            let other = try await workshop.start(.worker, machine: "other")
            try await until("another worker has the call") {
                try await Runs(workshop.database).effects(workshop.tenant, run).first?.attempt == 2
            }
            workshop.sink.release("late@sink.test")
            let ended = try await workshop.finished(run)
            #expect(ended.status == .succeeded, "\(ended)")
            proxy.heal()
            try await cut.says("the worker starts again")
            #expect(workshop.sink.count(to: "late@sink.test") == 1)
            // It is of use again.
            #expect(await other.stop() == 0, "\(other.words)")
            let next = try await workshop.begin()
            #expect(try await workshop.finished(next).status == .succeeded)
            for process in [orchestrator, cut] { #expect(await process.stop() == 0, "\(process.words)") }
            try await WorkshopOracle(workshop: workshop).holds(cuts: 1)
        }
    }
}
