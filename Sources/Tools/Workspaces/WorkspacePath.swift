package import ToolKit

/// A name below a run's directory, as tools and models write it: `reports/march.csv`.
package struct WorkspacePath: Sendable, Hashable, CustomStringConvertible {
    /// Steps from the run's directory; empty for the directory itself.
    package let steps: [String]

    /// Bytes of a whole path: far below PATH_MAX (4,096), which the directory itself takes part of.
    package static let longest = 1_024
    /// Bytes of one step: NAME_MAX less the dot and `.part` of a draft.
    package static let longestStep = 240
    /// Steps: deeper trees cannot be walked with bounded memory and descriptors.
    package static let deepest = 32
    /// The platform's own folder in a run's directory: trash and receipts, out of reach of tools' paths.
    package static let reserved = ".persona"

    /// Throws `ToolFailure` (`path_invalid`) for what is absolute, climbs, or holds a control character or a
    /// backslash. A leading `./` and a trailing `/` are forgiven.
    package init(_ text: String) throws(ToolFailure) {
        guard text.utf8.count <= Self.longest else {
            throw Self.invalid("a path of \(text.utf8.count) bytes", "has more than \(Self.longest) bytes")
        }
        var rest = text[...]
        while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
        if rest.hasSuffix("/"), rest.utf8.count > 1 { rest = rest.dropLast() }
        guard rest != ".", !rest.isEmpty else {
            steps = []
            return
        }
        guard !rest.hasPrefix("/") else { throw Self.invalid(text, "is absolute; paths begin in the run's directory") }
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= Self.deepest else { throw Self.invalid(text, "has more than \(Self.deepest) folders") }
        for part in parts {
            if let fault = Self.fault(of: part) { throw Self.invalid(text, fault) }
        }
        guard parts.first != Self.reserved else { throw Self.invalid(text, "names the platform's own folder") }
        steps = parts
    }

    /// Steps that are known to be good, such as names that the file system gave.
    package init(trusted steps: [String]) { self.steps = steps }

    package var isRoot: Bool { steps.isEmpty }
    package var name: String { steps.last ?? "." }
    package var parent: WorkspacePath { WorkspacePath(trusted: Array(steps.dropLast())) }
    package var description: String { steps.isEmpty ? "." : steps.joined(separator: "/") }

    package func appending(_ name: String) -> WorkspacePath { WorkspacePath(trusted: steps + [name]) }

    /// Whether `other` is this path or lies below it.
    package func holds(_ other: WorkspacePath) -> Bool { other.steps.starts(with: steps) }

    /// Why `name` cannot be one step of a path, or `nil`.
    package static func fault(of name: String) -> String? {
        if name.isEmpty { return "has an empty step" }
        if name == "." || name == ".." { return "climbs; '.' and '..' are not allowed" }
        if name.utf8.count > longestStep { return "has a name of more than \(longestStep) bytes" }
        for scalar in name.unicodeScalars
        where scalar.value < 0x20 || scalar.value == 0x7F || scalar == "\\" || scalar == "/" {
            return "has a backslash or a control character"
        }
        return nil
    }

    private static func invalid(_ text: String, _ fault: String) -> ToolFailure {
        let shown = String(text.unicodeScalars.prefix(80).map { $0.value < 0x20 ? " " : Character($0) })
        return ToolFailure(.invalidInput, code: "path_invalid", "'\(shown)' \(fault).")
    }
}
