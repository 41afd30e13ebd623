import FoundationEssentials
import Glibc
import PlatformKit
import Synchronization
import TestKit
import Testing

/// How processes of one kind die, one after the other: at each of their named places first, then at random.
final class DeathSeries: Sendable {
    enum Death: Sendable, CustomStringConvertible {
        /// A named place in the program, the nth time.
        case at(String, Int)
        /// From outside, milliseconds after the start.
        case after(Int)

        var description: String {
            switch self {
            case .at(let name, let count): "\(name):\(count)"
            case .after(let time): "after \(time) ms"
            }
        }
    }

    static let orchestrator = [
        "run.after_claim", "run.after_load", "step.before_commit", "step.after_commit", "outbox.before_ring",
        "outbox.after_ring",
    ]
    static let worker = [
        "job.after_start", "job.before_call", "job.after_call", "job.before_mark", "job.after_mark",
        "job.before_completion", "job.after_completion",
    ]
    /// Milliseconds: long enough to have begun, short enough for many.
    private static let longestLife = 900

    private struct State {
        var left: [Death]
        var died: [String] = []
    }
    private let state: Mutex<State>

    init(_ places: [String], count: Int, seed: UInt64) {
        var random = SplitMix(seed)
        var deaths: [Death] = places.map { .at($0, 1) } + places.map { .at($0, random.next(in: 2..<5)) }
        while deaths.count < count {
            deaths.append(
                random.next(in: 0..<3) == 0
                    ? .after(random.next(in: 0..<Self.longestLife))
                    : .at(places[random.next(in: 0..<places.count)], random.next(in: 1..<12)))
        }
        state = Mutex(State(left: Array(deaths.prefix(count).reversed())))
    }

    func next() -> Death? { state.withLock { $0.left.popLast() } }
    func died(_ death: Death) { state.withLock { $0.died.append("\(death)") } }
    var died: [String] { state.withLock { $0.died } }
}

/// The same numbers at each run (splitmix64).
struct SplitMix {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next(in range: Range<Int>) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return range.lowerBound + Int((word ^ (word >> 31)) % UInt64(range.count))
    }
}

/// Two orchestrators and two workers that are killed again and again, each by itself, while runs go on.
@Suite(.timeLimit(.minutes(60))) struct KillSeriesTests {
    /// `make nightly` asks for more.
    private static let kills =
        ProcessInfo.processInfo.environment["PERSONA_TEST_KILLS"].flatMap { Int($0) } ?? 100
    /// Runs in flight at any moment: several at each kill.
    private static let inFlight = 6

    @Test func nothingIsLostAndNothingHappensTwiceHoweverOftenProcessesAreKilled() async throws {
        try await Workshop.with { workshop in
            let share = (Self.kills + 3) / 4
            let orchestrators = [1, 2].map { DeathSeries(DeathSeries.orchestrator, count: share, seed: $0) }
            let workers = [3, 4].map { DeathSeries(DeathSeries.worker, count: share, seed: $0) }
            let underWay = Countdown(orchestrators.count + workers.count)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while underWay.isRunning {
                        try await workshop.replenish(to: Self.inFlight)
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                for (index, series) in orchestrators.enumerated() {
                    group.addTask { try await live(series, .orchestrator, "\(index)", workshop, underWay) }
                }
                for (index, series) in workers.enumerated() {
                    group.addTask { try await live(series, .worker, "\(index)", workshop, underWay) }
                }
                try await group.waitForAll()
            }
            // Where the others died, too: a start there clears what they left.
            try await workshop.running(machines: ["0", "1"]) { _ in try await workshop.settle() }
            let died = (orchestrators + workers).flatMap(\.died)
            #expect(died.count >= Self.kills)
            for place in DeathSeries.orchestrator + DeathSeries.worker {
                #expect(died.contains { $0.hasPrefix("\(place):") }, "nobody died at \(place)")
            }
            try await WorkshopOracle(workshop: workshop).holds(cuts: workers.reduce(0) { $0 + $1.died.count + 1 })
        }
    }

    /// Dies as the series says, and then lives on for the others' sake until all have died as often as they should.
    private func live(
        _ series: DeathSeries, _ role: Workshop.Role, _ machine: String, _ workshop: Workshop, _ underWay: Countdown
    ) async throws {
        while let death = series.next() {
            let process: PlatformProcess
            switch death {
            case .at(let name, let count):
                process = try await workshop.start(role, machine: machine, failpoint: "\(name):\(count)")
            case .after(let time):
                process = try await workshop.start(role, machine: machine)
                // The time is what is tested: nothing is waited for.
                try await Task.sleep(for: .milliseconds(time))
                await process.kill()
            }
            #expect(try await process.ended() == -SIGKILL, "\(death): \(process.words)")
            series.died(death)
        }
        underWay.countDown()
        let survivor = try await workshop.start(role, machine: machine)
        try await until("the others have died") { !underWay.isRunning }
        #expect(survivor.isRunning, "\(survivor.words)")
        await survivor.kill()
    }
}
