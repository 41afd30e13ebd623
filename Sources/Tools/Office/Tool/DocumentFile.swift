import DocumentModel
import FoundationEssentials
import OOXML
import ToolKit

/// What the tools that write documents share: checking models, naming files, saying what failed.
enum DocumentFile {
    static func check(_ faults: [DocumentFault]) throws(ToolFailure) {
        guard !faults.isEmpty else { return }
        // The first few tell a model or a person what to change.
        let text = faults.prefix(10).map(\.description).joined(separator: " ")
        throw ToolFailure(.invalidInput, code: "document_invalid", text)
    }

    /// A plain file name with the given ending.
    static func name(_ name: String, ending: String) throws(ToolFailure) -> String {
        let isPlain =
            !name.contains("/") && !name.hasPrefix(".") && name.utf8.count <= 200
            && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F && $0 != "\\" }
        guard isPlain, name.lowercased().hasSuffix(ending), name.utf8.count > ending.utf8.count else {
            throw ToolFailure(
                .invalidInput, code: "file_name_invalid", "'\(name)' must be a plain file name that ends in \(ending).")
        }
        return name
    }

    static func writing<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as OOXMLError {
            let kind: ToolFailure.Kind = ["archive", "fonts"].contains(error.code) ? .permanent : .invalidInput
            throw ToolFailure(kind, code: error.code, error.message)
        }
    }

    static func now() -> String { Date().formatted(.iso8601) }
}
