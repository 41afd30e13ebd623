package import ToolKit

/// What the platform knows of each tool before it runs.
package struct ToolCatalog: Sendable {
    private let descriptors: [String: ToolDescriptor]
    private let contracts: [String: ToolContract]

    /// Tools whose calls are held to nothing but their own decoding.
    package init(_ descriptors: some Sequence<ToolDescriptor>) {
        self.descriptors = Dictionary(descriptors.map { ($0.name, $0) }) { _, last in last }
        contracts = [:]
    }

    /// Tools whose input is held to its schema before a call is planned.
    package init(_ contracts: [ToolContract]) {
        self.contracts = Dictionary(contracts.map { ($0.descriptor.name, $0) }) { _, last in last }
        descriptors = self.contracts.mapValues(\.descriptor)
    }

    package subscript(name: String) -> ToolDescriptor? { descriptors[name] }

    /// By tool: who finds out what became of its calls.
    package var reconcilers: [String: ToolDescriptor] {
        descriptors.compactMapValues { tool in tool.reconciler.flatMap { descriptors[$0] } }
    }

    package func contract(named name: String) -> ToolContract? { contracts[name] }

    /// Name under which a language model's call stands in the effect ledger.
    package static let modelCall = "model.chat"
    /// Seconds for a model's answer where the node sets none.
    package static let modelTimeoutSeconds = 300
}
