import DocumentModel
import Domain
import FoundationEssentials
import Glibc
import ReportTool
import Synchronization
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(10))) struct ReportCreateTests {
    private final class Reporter: ToolReporter {
        let published = Mutex<[WorkspaceFile]>([])
        func mark(_ phase: EffectPhase) async throws {}
        func progress(_ message: String, fraction: Double?) {}
        func publish(_ file: WorkspaceFile) { published.withLock { $0.append(file) } }
    }

    private func inDirectory(_ body: (String, ToolContext, Reporter) async throws -> Void) async throws {
        let root = FileManager.default.temporaryDirectory.path + "/report-tool-\(UUID().uuidString)"
        let directory = root + "/run"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }  // a left-over harms nothing
        let reporter = Reporter()
        let context = ToolContext(
            directory: directory, effectKey: "k", attempt: 1, deadline: .now + .seconds(60), proxy: nil, secrets: [:],
            reporter: reporter)
        try await body(directory, context, reporter)
    }

    private func report(image: String? = nil) -> Report {
        let picture = image.map { [Block.image(Image(path: $0, altText: "x"))] } ?? []
        return Report(title: "T", author: "A", blocks: [.paragraph("Text.")] + picture)
    }

    @Test func printsAndPublishesTheFile() async throws {
        try await inDirectory { directory, context, reporter in
            let tools = ToolRegistry([ReportCreate()])
            let input = try JSONValue(encoding: ReportCreate.Input(report: report(), file: "out/briefing.pdf"))
            let output = try await tools.call("report.create", input: input, in: context)
                .decode(ReportCreate.Output.self)
            #expect(output.pages == 1)
            #expect(output.file.name == "briefing.pdf")
            #expect(output.file.mediaType == "application/pdf")
            let bytes = try Data(contentsOf: URL(filePath: directory + "/out/briefing.pdf"))
            #expect(bytes.count == output.file.size)
            #expect(bytes.starts(with: Array("%PDF-1.7".utf8)))
            #expect(reporter.published.withLock { $0 } == [output.file])
        }
    }

    @Test(arguments: Chart.Kind.allCases, ["svg", "png"])
    func everyChartIsDrawn(kind: Chart.Kind, ending: String) async throws {
        try await inDirectory { directory, context, reporter in
            let isScatter = kind == .scatter
            let chart = Chart(
                kind: kind, title: "Rain", categories: isScatter ? [] : ["Vienna", "Graz", "Linz"],
                series: [
                    .init(name: "2025", values: [612, 580, nil], x: isScatter ? [1, 2, 3] : nil),
                    .init(name: "2026", values: [655, 610, 701], x: isScatter ? [1, 2, 3] : nil),
                ], numberFormat: "#,##0")
            let input = ChartRender.Input(chart: chart, file: "chart.\(ending)", theme: .editorialDark)
            let output = try await ChartRender().call(input, in: context)
            let bytes = Array(try Data(contentsOf: URL(filePath: directory + "/chart.\(ending)")))
            #expect(output.file.size == bytes.count)
            #expect(reporter.published.withLock { $0 } == [output.file])
            if ending == "png" {
                #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]))
                // 640 × 360 points, two pixels each.
                #expect(bytes[16..<24].elementsEqual([0, 0, 5, 0, 0, 0, 2, 208]))
            } else {
                let text = String(decoding: bytes, as: UTF8.self)
                #expect(text.contains("<svg") && text.contains("</svg>"))
            }
            // More than an empty ground.
            #expect(bytes.count > 4_000)
        }
    }

    @Test(arguments: ["x.pdf", "../x.png"]) func chartsHaveNoOtherFiles(file: String) async throws {
        try await inDirectory { _, context, _ in
            let chart = Chart(kind: .pie, categories: ["a"], series: [.init(name: "s", values: [1])])
            let error = await #expect(throws: ToolFailure.self) {
                try await ChartRender().call(.init(chart: chart, file: file), in: context)
            }
            #expect(error?.kind == .invalidInput)
        }
    }

    @Test func writesWordWhereTheNameOrTheFormatSaysSo() async throws {
        try await inDirectory { directory, context, _ in
            let output = try await ReportCreate().call(.init(report: report(), file: "briefing.docx"), in: context)
            #expect(output.pages == nil)
            #expect(output.file.mediaType.hasSuffix("wordprocessingml.document"))
            let bytes = try Data(contentsOf: URL(filePath: directory + "/briefing.docx"))
            #expect(bytes.starts(with: [0x50, 0x4B, 3, 4]))
            let error = await #expect(throws: ToolFailure.self) {
                try await ReportCreate().call(.init(report: report(), file: "x.pdf", format: .docx), in: context)
            }
            #expect(error?.code == "file_name")
        }
    }

    @Test(arguments: ["../x.pdf", "/tmp/x.pdf", "a/../x.pdf", "", "a//x.pdf", "./x.pdf", "x.exe", "folder-link/x.pdf"])
    func refusesFileOutsideTheRun(file: String) async throws {
        try await inDirectory { directory, context, _ in
            symlink("/tmp", directory + "/folder-link")
            let error = await #expect(throws: ToolFailure.self) {
                try await ReportCreate().call(.init(report: report(), file: file), in: context)
            }
            #expect(error?.kind == .invalidInput)
        }
    }

    @Test(arguments: ["../secret.png", "/etc/hostname", "link.png", "folder-link/secret.png", "absent.png", "pipe.png"])
    func refusesPictureOutsideTheRun(path: String) async throws {
        try await inDirectory { directory, context, _ in
            try Data([1]).write(to: URL(filePath: directory + "/../secret.png"))
            symlink("../secret.png", directory + "/link.png")
            symlink("..", directory + "/folder-link")
            mkfifo(directory + "/pipe.png", 0o600)
            let error = await #expect(throws: ToolFailure.self) {
                try await ReportCreate().call(.init(report: report(image: path), file: "x.pdf"), in: context)
            }
            #expect(error?.kind == .invalidInput)
            #expect(access(directory + "/x.pdf", F_OK) != 0)
        }
    }
}
