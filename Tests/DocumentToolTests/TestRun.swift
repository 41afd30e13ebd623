import DocumentTool
import Domain
import FoundationEssentials
import Glibc
import Synchronization
import ToolKit

/// The directory of a run, its context, and what a call published.
final class TestRun: ToolReporter {
    let directory: String
    private let state = Mutex<[WorkspaceFile]>([])

    static func with(_ body: (TestRun) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/document-tool-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }  // a left-over harms nothing
        try await body(TestRun(directory))
    }

    private init(_ directory: String) { self.directory = directory }

    var published: [WorkspaceFile] { state.withLock { $0 } }

    var context: ToolContext {
        ToolContext(
            directory: directory, effectKey: "k", attempt: 1, deadline: .now + .seconds(120), proxy: nil, secrets: [:],
            reporter: self)
    }

    let registry = ToolRegistry([DocumentRead(reader: reader), DocumentConvert(), DocumentRender()])

    /// The program that reads stands where the build puts it, beside the tests' own.
    static let reader: [String] = {
        var folder = CommandLine.arguments[0].split(separator: "/", omittingEmptySubsequences: false).dropLast()
        while !folder.isEmpty {
            let candidate = folder.joined(separator: "/") + "/DocumentReaderFixture"
            if access(candidate, X_OK) == 0 { return [candidate] }
            folder.removeLast()
        }
        return ["DocumentReaderFixture"]
    }()

    func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: URL(filePath: "\(directory)/\(name)"))
    }

    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: "\(directory)/\(name)")))
    }

    func mark(_ phase: EffectPhase) async throws {}
    func progress(_ message: String, fraction: Double?) {}
    func publish(_ file: WorkspaceFile) { state.withLock { $0.append(file) } }
}
