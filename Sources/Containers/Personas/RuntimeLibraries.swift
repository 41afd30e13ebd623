import Glibc

/// Where this process's shared libraries are, beyond what every sandbox shows: a development build's Swift run-time
/// lies in the toolchain.
package enum RuntimeLibraries {
    package static func directories() -> [String] {
        var found: Set<String> = []
        for path in mappedFiles() where path.hasSuffix(".so") {
            let directory = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
            if !["/usr/", "/lib/", "/lib64/"].contains(where: { "\(directory)/".hasPrefix($0) }) {
                found.insert(directory)
            }
        }
        return found.sorted()
    }

    /// Absolute paths of the files that are mapped into this process.
    package static func mappedFiles() -> Set<String> {
        // Read by hand: the file grows while it is read, and its size says nothing.
        let descriptor = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        var files: Set<String> = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            if let slash = line.firstIndex(of: "/") { files.insert(String(line[slash...])) }
        }
        return files
    }
}
