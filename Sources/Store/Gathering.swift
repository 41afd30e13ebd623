import Synchronization

/// Turns many callers' single questions into few questions about many keys: while one is under way, the next gathers.
/// The first caller asks for itself and for whoever has come; afterwards the first of those who came later does.
package final class Gathering<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private enum Turn: Sendable {
        case answer(Value?)
        case failure(any Error)
        /// Ask, for yourself too.
        case lead
    }

    private struct State {
        var isAsking = false
        var waiting: [(key: Key, continuation: CheckedContinuation<Turn, Never>)] = []
    }

    /// Keys of one question.
    private let most: Int
    private let ask: @Sendable ([Key]) async throws -> [Key: Value]
    private let state = Mutex(State())

    package init(most: Int, ask: @escaping @Sendable ([Key]) async throws -> [Key: Value]) {
        self.most = most
        self.ask = ask
    }

    /// The value of `key`, if there is one. Callers of one question share its error.
    package func value(of key: Key) async throws -> Value? {
        let isFirst = state.withLock { state in
            defer { state.isAsking = true }
            return !state.isAsking
        }
        if isFirst { return try await lead(key) }
        let turn = await withCheckedContinuation { continuation in
            let leads = state.withLock { state in
                // Whoever asked may have ended since.
                guard state.isAsking else {
                    state.isAsking = true
                    return true
                }
                state.waiting.append((key, continuation))
                return false
            }
            if leads { continuation.resume(returning: .lead) }
        }
        switch turn {
        case .answer(let value): return value
        case .failure(let error): throw error
        case .lead: return try await lead(key)
        }
    }

    private func lead(_ own: Key) async throws -> Value? {
        let others = state.withLock { state in
            let taken = Array(state.waiting.prefix(most - 1))
            state.waiting.removeFirst(taken.count)
            return taken
        }
        let answer: Result<[Key: Value], any Error>
        do {
            answer = .success(try await ask(Array(Set([own] + others.map(\.key)))))
        } catch {
            answer = .failure(error)
        }
        handOver()
        for (key, continuation) in others {
            switch answer {
            case .success(let values): continuation.resume(returning: .answer(values[key]))
            case .failure(let error): continuation.resume(returning: .failure(error))
            }
        }
        return try answer.get()[own]
    }

    private func handOver() {
        let next = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isAsking = false
                return CheckedContinuation<Turn, Never>?.none
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume(returning: .lead)
    }
}
