import Domain
import FoundationEssentials
import Glibc
import Store
import TestKit
import Testing

/// When the platform is killed: at each moment once, and started again in between.
struct Kill: Sendable, CustomTestStringConvertible {
    enum Moment: Sendable {
        /// A named place in the program, the nth time.
        case at(String, Int)
        /// From outside, once the run has so many events.
        case event(Int)
        /// From outside, milliseconds after the start.
        case milliseconds(Int)
    }

    var moments: [Moment]
    /// The kill falls between the mark `transmitting` and the outcome: a person may have to decide.
    var isInDoubt = false

    var testDescription: String {
        moments.map { moment in
            switch moment {
            case .at(let name, let occurrence): "\(name):\(occurrence)"
            case .event(let seq): "after event \(seq)"
            case .milliseconds(let time): "after \(time) ms"
            }
        }.joined(separator: ", then ")
    }

    private static func at(_ name: String, _ occurrences: Int...) -> [Kill] {
        occurrences.map { Kill(moments: [.at(name, $0)]) }
    }

    static let atNamedPlaces =
        at("mail.before_accept", 1) + at("mail.after_accept", 1) + at("run.after_claim", 1) + at("run.after_load", 1)
        + at("step.before_commit", 1, 6) + at("step.after_commit", 2, 4, 7)
        + at("outbox.before_ring", 4) + at("outbox.after_ring", 2)
        + at("job.after_start", 1, 5) + at("job.before_call", 4, 8) + at("job.after_call", 5, 10)
        + at("job.before_completion", 1, 10) + at("job.after_completion", 7, 10)
        + at("job.before_mark", 1)
        + [
            Kill(moments: [.at("job.after_mark", 1)], isInDoubt: true),
            Kill(moments: [.at("job.before_mark", 2)], isInDoubt: true),
            Kill(moments: [.at("job.after_mark", 2)], isInDoubt: true),
            Kill(moments: [.at("step.after_commit", 3), .at("job.before_completion", 2)]),
            Kill(moments: [.at("job.after_call", 3), .at("job.after_start", 1)]),
        ]

    static let inBetween =
        [9, 21, 30, 34].map { Kill(moments: [.event($0)], isInDoubt: true) }
        + times(seed: 0x5EED, count: 6, below: 4_000).map { Kill(moments: [.milliseconds($0)], isInDoubt: true) }

    /// The same times at each run (splitmix64).
    private static func times(seed: UInt64, count: Int, below limit: UInt64) -> [Int] {
        var state = seed
        return (0..<count).map { _ in
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((word ^ (word >> 31)) % limit)
        }
    }
}

/// Its time limit counts the wait for its turn at `Office.gate`.
@Suite(.timeLimit(.minutes(10))) struct KillTests {
    @Test(arguments: Kill.atNamedPlaces + Kill.inBetween)
    func runEndsInOneAnswerAfter(_ kill: Kill) async throws {
        try await Office.with { office in
            let oracle = Oracle(office: office, request: try await office.request())
            for moment in kill.moments { try await die(moment, office) }
            let platform = try await office.start()
            var run = try await office.settled()
            if run.status == .waiting {
                #expect(kill.isInDoubt)
                run = try await oracle.askedAPerson(run)
            }
            try await oracle.answeredOnce(run)
            #expect(await platform.stop() == 0)
            try await oracle.nothingLeft()
        }
    }

    /// Starts the platform and returns once it has been killed.
    private func die(_ moment: Kill.Moment, _ office: Office) async throws {
        switch moment {
        case .at(let name, let occurrence):
            let platform = try await office.start(failpoint: "\(name):\(occurrence)")
            #expect(try await platform.ended() == -SIGKILL, "\(platform.words)")
        case .event(let seq):
            let platform = try await office.start()
            try await until("the run has \(seq) events", look: .milliseconds(3)) {
                (try await office.run()?.seq ?? 0) >= seq
            }
            await platform.kill()
        case .milliseconds(let time):
            let platform = try await office.start()
            // The time is what is tested: nothing is waited for.
            try await Task.sleep(for: .milliseconds(time))
            await platform.kill()
        }
    }
}
