import Glibc
package import ToolKit

/// One thing in a run's directory.
package struct WorkspaceEntry: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, Codable {
        case file, folder, link, other
    }

    package var path: WorkspacePath
    package var kind: Kind
    /// In bytes; of files alone.
    package var size: Int
    /// Seconds since 1970.
    package var modified: Int

    init(_ path: WorkspacePath, _ status: stat) {
        self.path = path
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .folder
        case S_IFLNK: kind = .link
        default: kind = .other
        }
        size = kind == .file ? Int(status.st_size) : 0
        modified = status.st_mtim.tv_sec
    }
}

extension Workspace {
    /// Entries of one folder that are read before the rest is left out: memory.
    package static let mostNames = 100_000

    /// What lies directly in a folder, by name; the platform's own folder and drafts are left out.
    package func entries(of path: WorkspacePath) throws(ToolFailure) -> [WorkspaceEntry] {
        let folder = try folder(path)
        let own = dup(folder.raw)
        guard own >= 0, let stream = fdopendir(own) else { throw Self.refused(path, errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count < Self.mostNames, let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            // A name that is no UTF-8, or that no path of ours can say, is out of tools' reach.
            guard let name, WorkspacePath.fault(of: name) == nil else { continue }
            if path.isRoot, name == WorkspacePath.reserved { continue }
            names.append(name)
        }
        var found: [WorkspaceEntry] = []
        for name in names.sorted() where !(name.hasPrefix(".") && name.hasSuffix(".part")) {
            var status = stat()
            // Gone meanwhile: not listed.
            guard fstatat(folder.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            found.append(WorkspaceEntry(path.appending(name), status))
        }
        return found
    }

    /// Visits what lies below a folder, parents before children; links are visited and not followed. `visit` answers
    /// whether to go on; folders deeper than `WorkspacePath.deepest` are left out.
    package func walk(
        _ path: WorkspacePath, work: BlockingWork, visit: (WorkspaceEntry) throws -> Bool
    ) throws {
        var open = [path]
        while let next = open.popLast() {
            try work.check()
            let entries = try entries(of: next)
            for entry in entries {
                guard try visit(entry) else { return }
            }
            guard next.steps.count < WorkspacePath.deepest else { continue }
            open += entries.filter { $0.kind == .folder }.map(\.path).reversed()
        }
    }

    /// Removes a folder with all that is in it, or a file or link.
    package func removeTree(_ path: WorkspacePath, work: BlockingWork) throws {
        guard let status = try status(path) else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else { return try remove(path, isFolder: false) }
        var folders = [path]
        try walk(path, work: work) { entry in
            if entry.kind == .folder {
                folders.append(entry.path)
            } else {
                try remove(entry.path, isFolder: false)
            }
            return true
        }
        for folder in folders.sorted(by: { $0.steps.count > $1.steps.count }) { try remove(folder, isFolder: true) }
    }
}
