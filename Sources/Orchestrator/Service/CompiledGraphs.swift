import Domain
import Synchronization

/// Graphs by their text, so that runs of the same graph compile it once.
final class CompiledGraphs: Sendable {
    /// Graphs kept; beyond it all are forgotten. One of ten nodes weighs some 10 KB.
    private static let most = 128
    /// Bytes of text beyond which a graph is not kept: it would weigh megabytes.
    private static let largest = 64 << 10

    private let known = Mutex<[[UInt8]: GraphDefinition]>([:])

    /// Throws `GraphFaults` or what `JSONValue` throws for text that is no graph.
    func definition(_ text: [UInt8]) throws -> GraphDefinition {
        if let graph = known.withLock({ $0[text] }) { return graph }
        let graph = try GraphDefinition(try JSONValue(parsing: text))
        guard text.count <= Self.largest else { return graph }
        known.withLock { known in
            if known.count >= Self.most { known = [:] }
            known[text] = graph
        }
        return graph
    }
}
