import Domain
import Failpoints
import Logging
import Store
import Synchronization

/// Takes committed doorbells from the outbox and rings them: at once after a commit here, and at each sweep for
/// whatever other processes left.
struct RingRelay: Sendable {
    let outbox: Outbox
    let doorbell: any Doorbell
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init(outbox: Outbox, doorbell: any Doorbell) {
        self.outbox = outbox
        self.doorbell = doorbell
        // One pending wake covers any number of commits.
        (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func wake() { continuation.yield() }

    func run(_ logger: Logger) async {
        for await _ in stream {
            do {
                while true {
                    let rings = try await outbox.take()
                    if rings.isEmpty { break }
                    Failpoint.hit(.outboxBeforeRing)
                    await doorbell.ring(rings)
                    Failpoint.hit(.outboxAfterRing)
                    if rings.count < Outbox.batch { break }
                }
            } catch {
                logger.warning("Doorbells could not be taken; the next sweep rings.", metadata: ["error": "\(error)"])
            }
        }
    }
}
