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

    static let workbookType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    /// Now in UTC as spreadsheets count: days since 30 December 1899, which is 25,569 days before 1970.
    static func serialNow() -> Double { Date().timeIntervalSince1970 / 86_400 + 25_569 }

    /// Bytes of one picture, and of all pictures of a document: larger files are not mailed.
    private static let maximumPicture = 20 * 1024 * 1024
    private static let maximumPictures = 100 * 1024 * 1024

    /// The files at these paths, each once.
    static func pictures(_ paths: [String], of files: WorkspaceFiles) throws(ToolFailure) -> [String: [UInt8]] {
        var pictures: [String: [UInt8]] = [:]
        var room = maximumPictures
        for path in paths where pictures[path] == nil {
            let bytes = try files.read(path, limit: min(room, maximumPicture))
            room -= bytes.count
            pictures[path] = bytes
        }
        return pictures
    }
}
