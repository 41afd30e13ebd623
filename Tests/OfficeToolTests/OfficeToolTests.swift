import DocumentModel
import Domain
import Foundation
import OfficeTool
import Synchronization
import Testing
import ToolKit

private final class Published: ToolReporter {
    private let state = Mutex<[WorkspaceFile]>([])
    var files: [WorkspaceFile] { state.withLock { $0 } }
    func mark(_ phase: EffectPhase) async throws {}
    func progress(_ message: String, fraction: Double?) {}
    func publish(_ file: WorkspaceFile) { state.withLock { $0.append(file) } }
}

@Suite(.timeLimit(.minutes(10))) final class OfficeToolTests {
    private let reporter = Published()
    private let directory = FileManager.default.temporaryDirectory.appending(path: "tool-\(UUID().uuidString)")
    private let registry = ToolRegistry([TableRead(), DeckCreate(), DeckEdit(), WorkbookCreate()])
    private var context: ToolContext {
        ToolContext(
            directory: directory.path, effectKey: "k", attempt: 1, deadline: .now + .seconds(60), proxy: nil,
            secrets: [:],
            reporter: reporter)
    }

    init() throws { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: directory) }  // what is left is the system's to clear

    private func put(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: directory.appending(path: name))
    }

    private func read(_ path: String) async throws -> JSONValue {
        try await registry.call(
            "table.read",
            input: ["file": ["path": .string(path), "name": "data.csv", "media_type": "text/csv", "size": 1]],
            in: context)
    }

    @Test func tableIsReadAsJSON() async throws {
        try put("City;Rain\nWien;1,5\nGraz;\n", "in.csv")
        let output = try await read("in.csv")
        #expect(output["columns"] == [["name": "City", "type": "text"], ["name": "Rain", "type": "number"]])
        #expect(output["rows"] == [["Wien", 1.5], ["Graz", nil]])
        #expect(output["delimiter"] == ";")
        #expect(output["truncated"] == false)
    }

    @Test func longTablesAreCutForTheAnswer() async throws {
        try put("a,b\n" + (1...6_000).map { "\($0),x" }.joined(separator: "\n"), "long.csv")
        let output = try await read("long.csv")
        #expect(output["rows"]?.array?.count == TableRead.maximumRows)
        #expect(output["row_count"] == 6_000)
        #expect(output["truncated"] == true)
    }

    @Test(arguments: ["../in.csv", "/etc/passwd", "link.csv", "folder/in.csv", "folder", "none.csv", "a//b", "."])
    func pathsOutOfTheDirectoryAreRefused(path: String) async throws {
        try FileManager.default.createSymbolicLink(
            atPath: directory.appending(path: "link.csv").path, withDestinationPath: "/etc/passwd")
        try FileManager.default.createSymbolicLink(
            atPath: directory.appending(path: "folder").path, withDestinationPath: "/tmp")
        let failure = await #expect(throws: ToolFailure.self) { try await self.read(path) }
        #expect(failure?.kind == .invalidInput)
    }

    @Test func whatIsNoTableIsTheCallersFault() async throws {
        try put("%PDF-1.4", "in.csv")
        let failure = await #expect(throws: ToolFailure.self) { try await self.read("in.csv") }
        #expect(failure?.code == "csv_invalid")
    }

    @Test func deckAndWorkbookAreWrittenAndPublished() async throws {
        let deck = Deck(title: "T", author: "A", slides: [Slide(.title(title: "T", subtitle: nil))])
        let output = try await registry.call(
            "deck.create", input: ["deck": JSONValue(encoding: deck), "file": "briefing.pptx"], in: context)
        #expect(output["slides"] == 1)
        let book = Workbook(
            title: "T", author: "A", sheets: [Sheet(name: "S", columns: [.init(header: "a")], rows: [[.text("x")]])])
        _ = try await registry.call(
            "workbook.create", input: ["workbook": JSONValue(encoding: book), "file": "briefing.xlsx"], in: context)
        #expect(reporter.files.map(\.path) == ["briefing.pptx", "briefing.xlsx"])
        for file in reporter.files {
            let bytes = try Data(contentsOf: directory.appending(path: file.path))
            #expect(bytes.count == file.size)
            #expect(bytes.starts(with: [0x50, 0x4B]))
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() == [
                "briefing.pptx", "briefing.xlsx",
            ])
    }

    @Test(arguments: ["../x.pptx", "x.txt", ".pptx", "a/b.pptx", "x\n.pptx"]) func fileNamesArePlain(name: String)
        async throws
    {
        let deck = Deck(title: "T", author: "A", slides: [Slide(.title(title: "T", subtitle: nil))])
        let failure = await #expect(throws: ToolFailure.self) {
            try await self.registry.call(
                "deck.create", input: ["deck": JSONValue(encoding: deck), "file": .string(name)], in: self.context)
        }
        #expect(failure?.code == "file_name_invalid")
    }

    @Test func faultyModelsNameTheirPlace() async throws {
        let failure = await #expect(throws: ToolFailure.self) {
            try await self.registry.call(
                "deck.create", input: ["deck": ["title": "T", "slides": []], "file": "x.pptx"], in: self.context)
        }
        #expect(failure?.code == "document_invalid")
        #expect(failure?.message.contains("/slides") == true)
    }

    @Test func pictureBehindALinkIsRefused() async throws {
        try FileManager.default.createSymbolicLink(
            atPath: directory.appending(path: "shot.png").path, withDestinationPath: "/etc/passwd")
        let deck = Deck(
            title: "T", author: "A", slides: [Slide(.image(title: "I", image: Image(path: "shot.png", altText: "x")))])
        let failure = await #expect(throws: ToolFailure.self) {
            try await self.registry.call(
                "deck.create", input: ["deck": JSONValue(encoding: deck), "file": "x.pptx"], in: self.context)
        }
        #expect(failure?.code == "path_invalid")
    }

    @Test func decksAreEditedAndTakenAsTemplates() async throws {
        let deck = Deck(
            title: "Plan", author: "A", theme: .signal,
            slides: [
                Slide(.title(title: "Plan for {{year}}", subtitle: nil)),
                Slide(.bullets(title: "Why", points: [Point("Because of {{year}}")])),
            ])
        _ = try await registry.call(
            "deck.create", input: ["deck": JSONValue(encoding: deck), "file": "plan.pptx"], in: context)
        let edited = try await registry.call(
            "deck.edit",
            input: [
                "file": ["path": "plan.pptx", "name": "plan.pptx", "media_type": "application/pptx", "size": 1],
                "output": "plan-2027.pptx",
                "operations": [
                    ["op": "replace_text", "find": "{{year}}", "replace": "2027"],
                    ["op": "fill", "slide": 2, "placeholder": "body", "text": "One\nTwo"],
                    ["op": "copy_slides", "from": "plan.pptx", "slides": [1]],
                ],
            ], in: context)
        #expect(edited["slides"] == 3)
        #expect(edited["log"]?.array?.first == "replaced 2 times")
        let filled = try await registry.call(
            "deck.create",
            input: ["deck": JSONValue(encoding: deck), "file": "again.pptx", "template": "plan-2027.pptx"], in: context)
        #expect(filled["slides"] == 2)
        #expect(reporter.files.map(\.path) == ["plan.pptx", "plan-2027.pptx", "again.pptx"])
        let failure = await #expect(throws: ToolFailure.self) {
            try await self.registry.call(
                "deck.edit",
                input: [
                    "file": ["path": "plan.pptx", "name": "plan.pptx", "media_type": "application/pptx", "size": 1],
                    "output": "x.pptx", "operations": [["op": "delete_slide", "slide": 9]],
                ], in: self.context)
        }
        #expect(failure?.code == "slide_missing")
        #expect(failure?.message.contains("Operation 1") == true)
    }
}
