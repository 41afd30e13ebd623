import Simulation
import Testing

@Suite(.timeLimit(.minutes(10))) struct SimulatorTests {
    /// Each pair of lanes shares the machine's processors with the other tests.
    @Test func twentyThousandWorldsKeepEveryRule() async {
        let summary = await Simulator.search(from: 1, count: 20_000, threads: 2)
        #expect(summary.seeds == 20_000)
        for failure in summary.failures {
            Issue.record("make simulate SEED=\(failure.seed): \(failure.findings.joined(separator: "; "))")
        }
        // Worlds in which nothing happens would prove nothing.
        #expect(summary.commits > 60_000)
    }

    @Test func theSameSeedIsTheSameWorld() {
        for seed in 1...40 as ClosedRange<UInt64> {
            let first = Simulator.verdict(seed: seed, isTracing: true)
            let second = Simulator.verdict(seed: seed, isTracing: true)
            #expect(first.trace == second.trace)
            #expect(!first.trace.isEmpty)
        }
    }

    /// A simulator that finds nothing where something is broken would be no proof either.
    @Test(arguments: Mutation.allCases) func aBrokenRuleIsFound(_ mutation: Mutation) throws {
        let failure = try #require(Simulator.firstFailure(of: mutation, from: 1, count: 6_000))
        #expect(Simulator.verdict(seed: failure.seed).findings.isEmpty)
        #expect(Simulator.verdict(seed: failure.seed, mutation: mutation).findings == failure.findings)
    }
}
