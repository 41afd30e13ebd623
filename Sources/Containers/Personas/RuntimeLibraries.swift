import FoundationEssentials

/// Where this process's shared libraries are, beyond what every sandbox shows: a development build's Swift run-time
/// lies in the toolchain.
package enum RuntimeLibraries {
    package static func directories() -> [String] {
        let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""  // none: nothing to add
        var found: Set<String> = []
        for line in maps.split(separator: "\n") {
            guard let slash = line.firstIndex(of: "/"), line.hasSuffix(".so") else { continue }
            let directory = URL(filePath: String(line[slash...])).deletingLastPathComponent().path
            if !["/usr/", "/lib/", "/lib64/"].contains(where: { "\(directory)/".hasPrefix($0) }) {
                found.insert(directory)
            }
        }
        return found.sorted()
    }
}
