import Synchronization

/// How many are still at it.
package final class Countdown: Sendable {
    private let left: Atomic<Int>

    package init(_ count: Int) { left = Atomic(count) }

    package var isRunning: Bool { left.load(ordering: .acquiring) > 0 }
    package func countDown() { left.subtract(1, ordering: .acquiringAndReleasing) }
}
