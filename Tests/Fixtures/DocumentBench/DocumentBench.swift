import DocumentModel
import Glibc
import OOXML

/// One case of the documents' benchmark: `DocumentBench CASE FILE [N]` does it once and prints `seconds` and what it did.
@main enum DocumentBench {
    private static let cases: [String: @Sendable (String, Int) throws -> String] = [
        "xlsx-write": { path, rows in try SheetCases.write(path, rows) }, "lint": { path, _ in try lint(path) },
    ]

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3, let run = cases[arguments[1]] else {
            print("usage: DocumentBench \(cases.keys.sorted().joined(separator: "|")) FILE [N]")
            exit(2)
        }
        let start = seconds()
        let done = try run(arguments[2], arguments.count > 3 ? Int(arguments[3]) ?? 0 : 0)
        print("seconds \(seconds() - start) \(done)")
    }

    private static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func lint(_ path: String) throws -> String {
        let faults = OfficeLint.faults(of: try bytes(of: path))
        return "faults \(faults.count)\n" + faults.prefix(20).map { "  \($0)" }.joined(separator: "\n")
    }

    struct Failed: Error {
        var path: String
    }

    static func bytes(of path: String) throws -> [UInt8] {
        guard let file = fopen(path, "rb") else { throw Failed(path: path) }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: ftell(file))
        rewind(file)
        guard fread(&bytes, 1, bytes.count, file) == bytes.count else { throw Failed(path: path) }
        return bytes
    }
}
