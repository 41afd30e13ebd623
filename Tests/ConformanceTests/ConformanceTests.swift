import Simulation
import Store
import Testing

/// The simulator proves what it proves of its model store: here the model is held to Postgres.
@Suite(.timeLimit(.minutes(10))) struct ConformanceTests {
    private static let operations = 40
    /// Sequences of each lane; lanes have schemas of their own and run beside each other.
    private static let sequences = 60
    /// An owner renews by its own thread every 3 s: a sequence over which the machine slept that long is run again.
    private static let patience = Duration.milliseconds(2_500)

    @Test(arguments: 0..<4) func theModelAnswersAsPostgresDoes(lane: Int) async throws {
        try await StorePair.with { pair in
            for number in 0..<Self.sequences {
                try await check(pair, UInt64(lane * 1_000_000 + number))
            }
        }
    }

    private func check(_ pair: StorePair, _ seed: UInt64) async throws {
        // The last try counts, however long it takes.
        for attempt in 1...5 {
            var sequence = OperationSequence(pair, seed: seed)
            let start = ContinuousClock.now
            do {
                try await sequence.run(Self.operations)
                return
            } catch let difference as OperationSequence.Difference {
                for process in sequence.processes where process.isLiving { await process.owner.close() }
                if attempt < 5, ContinuousClock.now - start > Self.patience { continue }
                Issue.record("sequence \(seed) differs after \(difference.operations.count) operations:\n\(difference)")
                return
            }
        }
    }
}
