import Egress
import Synchronization

final class Records: Sendable {
    private let list = Mutex<[EgressRecord]>([])

    func append(_ record: EgressRecord) { list.withLock { $0.append(record) } }

    var all: [EgressRecord] { list.withLock { $0 } }
}
