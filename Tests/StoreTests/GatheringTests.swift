import Store
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct GatheringTests {
    @Test func questionsThatComeMeanwhileAreOne() async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
        let asked = Mutex<[Set<Int>]>([])
        let gathering = Gathering<Int, Int>(most: 10) { keys in
            let isFirst = asked.withLock { asked in
                asked.append(Set(keys))
                return asked.count == 1
            }
            if isFirst {
                beginning.yield()
                for await _ in gate { break }
            }
            try Task.checkCancellation()
            return Dictionary(uniqueKeysWithValues: keys.filter { $0 != 3 }.map { ($0, 10 * $0) })
        }
        let first = Task { try await gathering.value(of: 1) }
        for await _ in begun { break }
        let later = (2...4).map { key in Task { try await gathering.value(of: key) } }
        // Whoever asks may be cancelled: the question is everyone's.
        first.cancel()
        opening.yield()
        #expect(try await first.value == 10)
        var values: [Int?] = []
        for task in later { values.append(try await task.value) }
        #expect(values == [20, nil, 40])
        #expect(asked.withLock { $0.reduce(into: Set()) { $0.formUnion($1) } } == [1, 2, 3, 4])
    }
}
