/// Names for what comes out of an archive: made here, from what the archive says, and never leading out.
struct ArchiveNames {
    private let limits: ArchiveLimits
    private var files: Set<[String]> = []
    private var folders: Set<[String]> = []

    init(limits: ArchiveLimits) { self.limits = limits }

    /// Steps of an entry's path. Throws for what is absolute, climbs, or holds control characters, and where a file and
    /// a folder are said to have one name.
    mutating func path(of name: String, isFolder: Bool) throws(ArchiveFault) -> [String] {
        let shown = "'\(String(name.unicodeScalars.prefix(60).map { $0.value < 0x20 ? "?" : Character($0) }))'"
        guard !name.isEmpty, name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw ArchiveFault(.unsafe, "the entry \(shown) has a control character or no name")
        }
        // Archives from Windows separate by backslashes, and so do attacks on it.
        var steps = name.split(omittingEmptySubsequences: false) { $0 == "/" || $0 == "\\" }.map(String.init)
        if steps.last == "" { steps.removeLast() }
        steps.removeAll { $0 == "." }
        guard let first = steps.first, !first.isEmpty, !steps.contains(""), !Self.isDrive(first) else {
            throw ArchiveFault(.unsafe, "the entry \(shown) has an absolute path")
        }
        guard !steps.contains("..") else { throw ArchiveFault(.unsafe, "the entry \(shown) leads out of its folder") }
        guard steps.count <= limits.depth else {
            throw ArchiveFault(.unsafe, "the entry \(shown) lies more than \(limits.depth) folders deep")
        }
        steps = steps.map { shortened($0) }
        for count in 1..<max(1, steps.count) {
            let parent = Array(steps.prefix(count))
            guard !files.contains(parent) else { throw ArchiveFault(.unsafe, "\(shown) lies in a file") }
            folders.insert(parent)
        }
        if isFolder {
            guard !files.contains(steps) else { throw ArchiveFault(.unsafe, "\(shown) is a file and a folder") }
            folders.insert(steps)
            return steps
        }
        guard !folders.contains(steps) else { throw ArchiveFault(.unsafe, "\(shown) is a file and a folder") }
        return unique(steps)
    }

    private static func isDrive(_ step: String) -> Bool {
        step.utf8.count >= 2 && step.utf8.dropFirst().first == UInt8(ascii: ":")
    }

    /// The second file of a name becomes `name (2).txt`.
    private mutating func unique(_ steps: [String]) -> [String] {
        var path = steps
        var number = 2
        while !files.insert(path).inserted {
            let (stem, ending) = Self.parts(steps.last ?? "")
            path[path.count - 1] = "\(stem) (\(number))\(ending)"
            number += 1
        }
        return path
    }

    private func shortened(_ step: String) -> String {
        guard step.utf8.count > limits.nameBytes else { return step }
        let (stem, ending) = Self.parts(step)
        let kept = ending.utf8.count <= 20 ? ending : ""
        var cut = stem.unicodeScalars[...]
        while cut.utf8Count > limits.nameBytes - kept.utf8.count { cut.removeLast() }
        return String(cut) + kept
    }

    private static func parts(_ name: String) -> (stem: String, ending: String) {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return (name, "") }
        return (String(name[..<dot]), String(name[dot...]))
    }
}

extension Substring.UnicodeScalarView {
    fileprivate var utf8Count: Int { reduce(0) { $0 + UTF8.width($1) } }
}
