import Synchronization

final class Notes: Sendable {
    private let list = Mutex<[String]>([])

    func append(_ text: String) { list.withLock { $0.append(text) } }

    var all: [String] { list.withLock { $0 } }
}
