import Domain
import FoundationEssentials
import Glibc
import PlatformKit
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
    }

    var moments: [Moment]
    /// The kill falls between the mark `transmitting` and the outcome: a person may have to decide.
    var isInDoubt = false

    var testDescription: String {
        moments.map { moment in
            switch moment {
            case .at(let name, let occurrence): "\(name):\(occurrence)"
            case .event(let seq): "after event \(seq)"
            }
        }.joined(separator: ", then ")
    }

    private static func at(_ name: String, _ occurrences: Int...) -> [Kill] {
        occurrences.map { Kill(moments: [.at(name, $0)]) }
    }

    /// What `KillSeriesTests` cannot reach with its lean job: mail that comes in, a browser and files in the making, and a
    /// chain of several deaths.
    static let all =
        at("mail.before_accept", 1) + at("mail.after_accept", 1) + at("job.after_call", 5)
        + [
            Kill(moments: [.at("job.after_mark", 1)], isInDoubt: true),
            Kill(moments: [.event(30)], isInDoubt: true),
            Kill(moments: [.at("step.after_commit", 3), .at("job.before_completion", 2), .event(21)], isInDoubt: true),
        ]
}

/// Its time limit counts the wait for its turn at `Office.gate`.
@Suite(.timeLimit(.minutes(10))) struct KillTests {
    @Test(arguments: Kill.all)
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
                try await office.run()?.seq ?? 0 >= seq
            }
            await platform.kill()
        }
    }
}
