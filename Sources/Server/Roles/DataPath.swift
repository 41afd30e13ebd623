import FoundationEssentials
import Glibc

/// The data directory as the kernel knows it.
enum DataPath {
    /// Makes the directory where it is missing and resolves links.
    static func absolute(_ path: String) throws -> String {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
