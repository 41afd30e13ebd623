import Domain
import FoundationEssentials
import OrchestratorCore
import Testing

/// What the records in `Histories/` hold: a change of the core that none of them meets would go unnoticed.
@Suite(.timeLimit(.minutes(2))) struct RecordCoverageTests {
    private static func histories() throws -> [RunHistory] {
        try RecordedRun.files.map { try JSONDecoder().decode(RunHistory.self, from: Data(contentsOf: $0)) }
    }

    @Test func everyTypeOfNodeIsInARecord() throws {
        let schema = GraphSchema.json["$defs"]?["node"]?["properties"]?["type"]?["enum"]?.array ?? []
        let types = Set(schema.compactMap(\.string))
        #expect(types.count >= 10)
        // What was visited, not what stands in the graph.
        let visited = try Self.histories().flatMap { history in
            let graph = try GraphDefinition(history.graph)
            var state = RunState()
            return history.changes.compactMap { change -> String? in
                defer { state.apply(change) }
                guard case .visited(let strand, _) = change else { return nil }
                return state.strands[strand].flatMap { graph.nodes[$0.node]?.kind }
            }
        }
        #expect(types.subtracting(visited) == [])
    }

    @Test func everyKindOfChangeIsInARecord() throws {
        let found = Set(try Self.histories().flatMap { $0.changes.map(Kind.init) })
        #expect(Set(Kind.allCases).subtracting(found) == [])
    }

    /// A new kind of change does not compile here until it is named, and does not pass until it is recorded.
    private enum Kind: CaseIterable {
        case began, opened, visited, moved, called, waited, slept, asked, bounded, paused, resumed, counted, looped
        case joined, wrote, framed, wroteInside, itemSucceeded, itemFailed, stepped, retried, doubted, closed, ended
        case kept, consumed, owed, unwound, repaid, became, finished, forked, migrated

        init(_ change: RunChange) {
            self =
                switch change {
                case .began: .began
                case .opened: .opened
                case .visited: .visited
                case .moved: .moved
                case .called: .called
                case .waited: .waited
                case .slept: .slept
                case .asked: .asked
                case .bounded: .bounded
                case .paused: .paused
                case .resumed: .resumed
                case .counted: .counted
                case .looped: .looped
                case .joined: .joined
                case .wrote: .wrote
                case .framed: .framed
                case .wroteInside: .wroteInside
                case .itemSucceeded: .itemSucceeded
                case .itemFailed: .itemFailed
                case .stepped: .stepped
                case .retried: .retried
                case .doubted: .doubted
                case .closed: .closed
                case .ended: .ended
                case .kept: .kept
                case .consumed: .consumed
                case .owed: .owed
                case .unwound: .unwound
                case .repaid: .repaid
                case .became: .became
                case .finished: .finished
                case .forked: .forked
                case .migrated: .migrated
                }
        }
    }
}
