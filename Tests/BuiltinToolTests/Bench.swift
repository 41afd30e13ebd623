import Domain
import Foundation
import Synchronization
import ToolKit

/// A run's directory of its own, and tools that are called in it as the platform calls them.
final class Bench: ToolReporter {
    let folder = FileManager.default.temporaryDirectory.appending(path: "builtin-\(UUID().uuidString)")
    private let registry: ToolRegistry
    private let state = Mutex<(files: [WorkspaceFile], phases: [EffectPhase])>(([], []))

    init(_ tools: [any Tool]) throws {
        registry = ToolRegistry(tools)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }  // what is left is the system's to clear

    var published: [WorkspaceFile] { state.withLock { $0.files } }
    var phases: [EffectPhase] { state.withLock { $0.phases } }

    func mark(_ phase: EffectPhase) async throws { state.withLock { $0.phases.append(phase) } }
    func progress(_ message: String, fraction: Double?) {}
    func publish(_ file: WorkspaceFile) { state.withLock { $0.files.append(file) } }

    @discardableResult
    func call(
        _ tool: String, _ input: JSONValue, key: String = UUID().uuidString, attempt: Int = 1, seconds: Int = 100,
        proxy: String? = nil, secrets: [String: Secret] = [:]
    ) async throws -> JSONValue {
        let context = ToolContext(
            directory: folder.path, effectKey: key, attempt: attempt, deadline: .now + .seconds(seconds), proxy: proxy,
            secrets: secrets, reporter: self)
        return try await registry.call(tool, input: input, in: context)
    }

    /// The failure that a call must give; `nil` where it succeeds.
    func failure(
        _ tool: String, _ input: JSONValue, key: String = UUID().uuidString, seconds: Int = 100, proxy: String? = nil,
        secrets: [String: Secret] = [:]
    ) async -> ToolFailure? {
        do {
            try await call(tool, input, key: key, seconds: seconds, proxy: proxy, secrets: secrets)
            return nil
        } catch {
            return error as? ToolFailure
        }
    }

    func put(_ text: String, _ name: String) throws { try put(Array(text.utf8), name) }

    func put(_ bytes: [UInt8], _ name: String) throws {
        let url = folder.appending(path: name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func text(_ name: String) throws -> String { try String(contentsOf: folder.appending(path: name), encoding: .utf8) }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: folder.appending(path: name).path, withDestinationPath: target)
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder.appending(path: name).path) }
}
