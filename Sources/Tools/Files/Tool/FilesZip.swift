import Archive
import Glibc
import Patterns
package import ToolKit
import Workspaces

/// Packs files into a ZIP file.
package struct FilesZip: Tool {
    package struct Input: Codable, Sendable {
        /// Files and folders.
        package var paths: [String]
        /// `results.zip`
        package var to: String
        /// Of what lies in folders: `*.csv`.
        package var glob: String?
        package var publish: Bool?
    }

    package struct Output: Codable, Sendable {
        package var file: WorkspaceFile
        package var entries: Int
    }

    static let mostPaths = 1_000

    package static let descriptor = ToolDescriptor(
        name: "files.zip",
        summary: """
            Packs files and folders of the workspace into a new ZIP file at 'to'. Folders keep their names and may be \
            narrowed by 'glob'; 'publish' makes it a result of the run.
            """,
        effect: .read, timeoutSeconds: 300)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        guard (1...Self.mostPaths).contains(input.paths.count) else {
            throw ToolFailure(
                .invalidInput, code: "input_invalid", "'paths' names from 1 to \(Self.mostPaths) files or folders.")
        }
        var paths: [WorkspacePath] = []
        for text in input.paths { paths.append(try WorkspacePath(text)) }
        let roots = paths
        let target = try WorkspacePath(input.to)
        let glob = try input.glob.map { text in try Faults.input { try Glob(text) } }
        let workspace = Workspace(directory: context.directory)
        let name = "zip-\(EffectName.of(context.effectKey))"
        let output = try await BlockingWork.run(until: context.deadline) { work in
            let entries = try Self.entries(roots, glob, except: target, in: workspace, work)
            guard !entries.isEmpty else {
                throw ToolFailure(.invalidInput, code: "nothing_found", "There are no files to pack.")
            }
            let draft = WorkspacePath(trusted: [WorkspacePath.reserved, name])
            _ = try workspace.folder(draft.parent, making: true)
            try workspace.removeTree(draft, work: work)
            let sources = entries.map { entry in
                ZipSource(name: entry.path.description, modified: entry.modified) {
                    // Gone meanwhile: the archive is not written.
                    (try? workspace.file(entry.path)).flatMap { dup($0.file.raw) }
                }
            }
            do throws(ArchiveFault) {
                try ZipWriter.write(sources, to: "\(workspace.directory)/\(draft)") { work.isOver }
            } catch {
                try work.check()
                throw ToolFailure(error)
            }
            try workspace.move(draft, to: target, replacing: true)
            return Output(
                file: FileKind.file(target, size: try workspace.file(target).size), entries: entries.count)
        }
        if input.publish == true { context.publish(output.file) }
        return output
    }

    private static func entries(
        _ roots: [WorkspacePath], _ glob: Glob?, except target: WorkspacePath, in workspace: Workspace,
        _ work: BlockingWork
    ) throws -> [WorkspaceEntry] {
        var seen: Set<WorkspacePath> = [target]
        var entries: [WorkspaceEntry] = []
        for root in roots {
            for file in try FileTree(root, in: workspace, work: work).files where seen.insert(file.path).inserted {
                let relative = Array(file.path.steps.dropFirst(root.steps.count))
                if let glob, !relative.isEmpty, !glob.matches(relative) { continue }
                entries.append(file)
            }
            guard entries.count <= FileTree.mostEntries else { throw FileTree.tooLarge }
        }
        return entries
    }
}

/// Unpacks a ZIP file.
package struct FilesUnzip: Tool {
    package struct Input: Codable, Sendable {
        package var path: String
        /// A folder that is not there yet; by default the archive's name without its ending.
        package var to: String?
        /// Only entries that fit.
        package var glob: String?
    }

    package struct Output: Codable, Sendable {
        package var folder: String
        /// The first `mostNamed` paths.
        package var files: [String]
        package var fileCount: Int
        package var bytes: Int
        /// Links and devices, which are never unpacked.
        package var skipped: [String]

        enum CodingKeys: String, CodingKey {
            case folder, files, bytes, skipped
            case fileCount = "file_count"
        }
    }

    /// Names in an answer.
    static let mostNamed = 1_000

    package static let descriptor = ToolDescriptor(
        name: "files.unzip",
        summary: """
            Unpacks a ZIP file of the workspace into a new folder, as a whole or not at all. Archives that lead out of \
            the folder, lie about sizes, are encrypted or unpack to too much are refused; archives inside stay packed.
            """,
        effect: .read, timeoutSeconds: 300)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let path = try WorkspacePath(input.path)
        let target = try WorkspacePath(input.to ?? Self.stem(path))
        let glob = try input.glob.map { text in try Faults.input { try Glob(text) } }
        let workspace = Workspace(directory: context.directory)
        let name = "unzip-\(EffectName.of(context.effectKey))"
        let attempt = context.attempt
        return try await BlockingWork.run(until: context.deadline) { work in
            if try workspace.status(target) != nil {
                let isOwn = try WorkspaceReceipt.find(context.effectKey, in: workspace)?.path == target.description
                guard attempt > 1, isOwn else { throw Workspace.refused(target, EEXIST) }
                let files = try FileTree(target, in: workspace, work: work).files
                return Self.output(target, files.map { ($0.path, $0.size) }, skipped: [])
            }
            let draft = WorkspacePath(trusted: [WorkspacePath.reserved, name])
            try workspace.removeTree(draft, work: work)
            do {
                let (files, skipped) = try Self.unpack(path, to: draft, glob, workspace, work)
                try WorkspaceReceipt(path: target.description, mark: 0).save(context.effectKey, in: workspace)
                try workspace.move(draft, to: target, replacing: false)
                let moved = files.map { (WorkspacePath(trusted: target.steps + $0.steps), $0.size) }
                return Self.output(target, moved, skipped: skipped)
            } catch {
                // What is left half unpacked is removed whatever the reason; the reason counts.
                try? workspace.removeTree(draft, work: BlockingWork(deadline: .now + .seconds(30)))
                throw (error as? ArchiveFault).map { ToolFailure($0) } ?? error
            }
        }
    }

    private static func stem(_ path: WorkspacePath) -> String {
        let name = path.description
        guard let dot = name.lastIndex(of: "."), !name[dot...].contains("/") else { return name + " (unpacked)" }
        return String(name[..<dot])
    }

    private static func unpack(
        _ path: WorkspacePath, to draft: WorkspacePath, _ glob: Glob?, _ workspace: Workspace, _ work: BlockingWork
    ) throws -> (files: [(steps: [String], size: Int)], skipped: [String]) {
        let (file, size) = try workspace.file(path)
        let archive = try ZipReader(descriptor: file.raw, size: size)
        _ = try workspace.folder(draft, making: true)
        var files: [(steps: [String], size: Int)] = []
        for entry in archive.entries where glob.map({ $0.matches(entry.path) }) ?? true {
            try work.check()
            let place = WorkspacePath(trusted: draft.steps + entry.path)
            if entry.isFolder {
                _ = try workspace.folder(place, making: true)
                continue
            }
            let out = try WorkspaceDraft(for: place, in: workspace)
            try archive.extract(entry) { bytes in
                try work.check()
                try out.write(bytes)
            }
            try out.commit()
            files.append((entry.path, out.size))
        }
        return (files, archive.skipped)
    }

    private static func output(_ folder: WorkspacePath, _ files: [(WorkspacePath, Int)], skipped: [String]) -> Output {
        Output(
            folder: folder.description, files: files.prefix(mostNamed).map(\.0.description), fileCount: files.count,
            bytes: files.reduce(0) { $0 + $1.1 }, skipped: skipped)
    }
}

extension ToolFailure {
    init(_ fault: ArchiveFault) {
        self.init(fault.code == .failed ? .permanent : .invalidInput, code: fault.code.rawValue, "\(fault.message).")
    }
}
