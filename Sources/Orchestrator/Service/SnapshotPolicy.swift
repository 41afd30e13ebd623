/// When a step also stores the whole state: not before 20 steps, and not before the deltas since the last snapshot
/// weigh as much as that snapshot. So n steps cost O(n) bytes however large the state grows, and a load reads at most
/// about twice the state.
struct SnapshotPolicy: Sendable {
    static let minimumSteps = 20

    private var steps = 0
    private var bytes = 0
    private var lastSnapshot = 0

    init(stepsSince steps: Int = 0, bytesSince bytes: Int = 0, lastSnapshot: Int = 0) {
        self.steps = steps
        self.bytes = bytes
        self.lastSnapshot = lastSnapshot
    }

    func isDue(adding delta: Int) -> Bool { steps + 1 >= Self.minimumSteps && bytes + delta >= lastSnapshot }

    mutating func committed(delta: Int, snapshot: Int?) {
        if let snapshot {
            self = SnapshotPolicy(lastSnapshot: snapshot)
        } else {
            steps += 1
            bytes += delta
        }
    }
}
