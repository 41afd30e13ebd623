import Domain
import Store
import Synchronization

/// The real committer, with a clock beside it; tells who waits for a run that it has come to rest.
final class ObservedCommitter: StepCommitter {
    private struct State {
        var waiting: [RunID: AsyncStream<Void>.Continuation] = [:]
        var times: [Double] = []
    }

    private let inner: any StepCommitter
    private let state = Mutex(State())

    init(_ inner: any StepCommitter) { self.inner = inner }

    /// Yields once when the run has ended or waits for someone; ask before the run is created.
    func rest(of run: RunID) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.waiting[run] = continuation }
        return stream
    }

    /// Milliseconds from handing a commit in to its acknowledgement, since the last question.
    func takeTimes() -> [Double] {
        state.withLock { state in
            defer { state.times = [] }
            return state.times
        }
    }

    func commit(_ step: StepCommit) async throws { _ = try await committed(step) }

    func committed(_ step: StepCommit) async throws -> StepReceipt? {
        let start = ContinuousClock.now
        let receipt = try await inner.committed(step)
        let time = milliseconds(since: start)
        let rested = state.withLock { state in
            state.times.append(time)
            return step.endsLease ? state.waiting.removeValue(forKey: step.lease.run) : nil
        }
        rested?.yield()
        return receipt
    }
}
