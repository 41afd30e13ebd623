import ToolKit
import Workspaces

/// A text that is given, or a file of the workspace.
enum TextSource {
    /// Bytes of one text.
    static let mostBytes = 16 * 1024 * 1024

    static func read(_ text: String?, _ path: String?, named name: String, in context: ToolContext) throws(ToolFailure)
        -> String
    {
        guard (text == nil) != (path == nil) else {
            let other = name == "text" ? "path" : "\(name)_path"
            throw invalid("Give either '\(name)' or '\(other)'.")
        }
        guard let path else { return text ?? "" }
        let place = try WorkspacePath(path)
        return try FileText(try Workspace(directory: context.directory).read(place, limit: mostBytes), of: place).text
    }

    static func check(_ value: Int?, _ range: ClosedRange<Int>, named name: String, default given: Int)
        throws(ToolFailure) -> Int
    {
        guard let value else { return given }
        guard range.contains(value) else {
            throw invalid("'\(name)' must be from \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    static func invalid(_ message: String) -> ToolFailure {
        ToolFailure(.invalidInput, code: "input_invalid", message)
    }
}
