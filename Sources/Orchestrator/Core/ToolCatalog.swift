package import ToolKit

/// What the platform knows of each tool before it runs.
package struct ToolCatalog: Sendable {
    private let descriptors: [String: ToolDescriptor]

    package init(_ descriptors: some Sequence<ToolDescriptor>) {
        self.descriptors = Dictionary(descriptors.map { ($0.name, $0) }) { _, last in last }
    }

    package subscript(name: String) -> ToolDescriptor? { descriptors[name] }

    /// By tool: who finds out what became of its calls.
    package var reconcilers: [String: ToolDescriptor] {
        descriptors.compactMapValues { tool in tool.reconciler.flatMap { descriptors[$0] } }
    }

    /// Name under which a language model's call stands in the effect ledger.
    package static let modelCall = "model.chat"
    /// Seconds for a model's answer where the node sets none.
    package static let modelTimeoutSeconds = 300
}
