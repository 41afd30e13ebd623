import DocumentModel
import FoundationEssentials
import PDF

/// Prints the report of a JSON file: `ReportBench report.json report.pdf`. Answers pages, and seconds without reading.
@main struct ReportBench {
    static func main() throws {
        let report = try JSONDecoder().decode(
            Report.self, from: Data(contentsOf: URL(filePath: CommandLine.arguments[1])))
        let start = ContinuousClock.now
        let file = try PDFReport.render(report) { Array(try Data(contentsOf: URL(filePath: $0))) }
        print("\(file.pages) pages in \(ContinuousClock.now - start)")
        try Data(file.bytes).write(to: URL(filePath: CommandLine.arguments[2]))
    }
}
