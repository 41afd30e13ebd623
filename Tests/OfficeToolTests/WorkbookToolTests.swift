import DocumentModel
import Domain
import Foundation
import OfficeTool
import Testing
import ToolKit

private struct Silent: ToolReporter {
    func mark(_ phase: EffectPhase) async throws {}
    func progress(_ message: String, fraction: Double?) {}
    func publish(_ file: WorkspaceFile) {}
}

@Suite(.timeLimit(.minutes(10))) final class WorkbookToolTests {
    private let directory = FileManager.default.temporaryDirectory.appending(path: "workbook-\(UUID().uuidString)")
    private let registry = ToolRegistry([WorkbookCreate(), WorkbookQuery(), WorkbookEditing()])
    private var context: ToolContext {
        ToolContext(
            directory: directory.path, effectKey: "k", attempt: 1, deadline: .now + .seconds(60), proxy: nil,
            secrets: [:],
            reporter: Silent())
    }
    private static let file: JSONValue = [
        "path": "book.xlsx", "name": "book.xlsx", "media_type": "application/octet-stream", "size": 1,
    ]

    init() throws { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: directory) }  // what is left is the system's to clear

    private func create() async throws -> JSONValue {
        let book: JSONValue = [
            "title": "Orders",
            "sheets": [
                [
                    "name": "Data", "table": ["name": "Orders"],
                    "columns": [
                        ["header": "Item"], ["header": "Day", "type": "date"],
                        ["header": "Price", "type": "number", "total": "sum"],
                        ["header": "Ratio", "type": "number"],
                    ],
                    "rows": [
                        ["apple", ["date": "2026-01-05"], 2.5, ["formula": "C2/2"]],
                        ["pear", ["date": "2026-02-05"], 4, ["formula": "C3/0"]],
                        ["Apple pie", ["date": "2026-03-05"], 12, nil],
                    ],
                ], ["name": "Notes", "cells": [["cell": "B2", "value": "hello"]]],
            ],
        ]
        return try await registry.call("workbook.create", input: ["workbook": book, "file": "book.xlsx"], in: context)
    }

    private func query(_ more: [String: JSONValue]) async throws -> JSONValue {
        try await registry.call(
            "workbook.query", input: .object(more.merging(["file": Self.file]) { first, _ in first }), in: context)
    }

    @Test func errorsOfFormulasAreToldWhenTheWorkbookIsWritten() async throws {
        let output = try await create()
        #expect(output["faults"]?.array?.count == 1)
        #expect(output["faults"]?.array?.first?["cell"] == "D3")
        #expect(output["faults"]?.array?.first?["error"] == "#DIV/0!")
    }

    @Test func tablesAndRangesAreAnsweredAsTypedRows() async throws {
        _ = try await create()
        let table = try await query(["table": "orders", "formulas": true])
        #expect(table["sheets"]?.array?.map { $0["name"] } == ["Data", "Notes"])
        #expect(table["sheets"]?.array?.first?["tables"] == ["Orders"])
        #expect(table["columns"]?.array?.map { $0["type"] } == ["text", "date", "number", "mixed"])
        #expect(
            table["rows"] == [
                ["apple", "2026-01-05", 2.5, 1.25], ["pear", "2026-02-05", 4, "#DIV/0!"],
                ["Apple pie", "2026-03-05", 12, nil],
            ])
        #expect(table["formulas"]?.array?.first == ["cell": "D2", "formula": "C2/2"])
        let open = try await query([:])
        #expect(open["row_count"] == 4)
        let range = try await query(["sheet": "Data", "range": "A3:C4", "header": false, "columns": ["C", "A"]])
        #expect(range["rows"] == [[4, "pear"], [12, "Apple pie"]])
        #expect(range["numbers"] == [3, 4])
        #expect(try await query(["sheet": "Notes", "header": false])["rows"] == [[nil, "hello"]])
    }

    @Test(
        arguments: [
            (["column": "Price", "comparison": "greater", "value": 3], ["pear", "Apple pie"]),
            (["column": "item", "comparison": "contains", "value": "APPLE"], ["apple", "Apple pie"]),
            (["column": "Day", "comparison": "less_or_equal", "value": "2026-02-05"], ["apple", "pear"]),
            (["column": "D", "comparison": "empty"], ["Apple pie"]),
            (["column": "D", "comparison": "not_empty"], ["apple", "pear"]),
            (["column": "Item", "comparison": "equal", "value": "PEAR"], ["pear"]),
            (["column": "Item", "comparison": "not_equal", "value": "pear"], ["apple", "Apple pie"]),
            (["column": "Item", "comparison": "less", "value": 3], []),
        ] as [(JSONValue, [JSONValue])]) func conditionsChooseRows(condition: JSONValue, items: [JSONValue])
        async throws
    {
        _ = try await create()
        let output = try await query(["table": "Orders", "conditions": [condition], "columns": ["Item"]])
        #expect(output["rows"]?.array?.compactMap { $0.array?.first } == items)
        #expect(output["row_count"] == .int(Int64(items.count)))
    }

    @Test func longAnswersAreCutAndGoOn() async throws {
        _ = try await create()
        let first = try await query(["table": "Orders", "limit": 2])
        #expect(first["truncated"] == true)
        #expect(first["rows"]?.array?.count == 2)
        let rest = try await query(["table": "Orders", "limit": 2, "offset": 2])
        #expect(rest["truncated"] == false)
        #expect(rest["rows"]?.array?.count == 1)
    }

    @Test(
        arguments: [
            (["table": "None"], "table_missing"), (["sheet": "None"], "sheet_missing"),
            (["range": "B"], "range_invalid"),
            (["conditions": [["column": "None", "comparison": "empty"]]], "column_missing"),
        ] as [([String: JSONValue], String)]) func wrongQuestionsAreRefused(question: [String: JSONValue], code: String)
        async throws
    {
        _ = try await create()
        let failure = await #expect(throws: ToolFailure.self) { try await self.query(question) }
        #expect(failure?.code == code)
        #expect(failure?.kind == .invalidInput)
    }

    @Test func whatIsNoWorkbookIsNamed() async throws {
        try Data("a;b".utf8).write(to: directory.appending(path: "book.xlsx"))
        let failure = await #expect(throws: ToolFailure.self) { try await self.query([:]) }
        #expect(failure?.code == "archive_invalid")
    }

    @Test func editsChangeTheFileOrMakeAnother() async throws {
        _ = try await create()
        let edits: JSONValue = [
            ["op": "append", "table": "Orders", "rows": [["plum", ["date": "2026-04-01"], 8]]],
            ["op": "set", "sheet": "Notes", "cell": "B3", "value": ["formula": "SUM(Orders[Price])"]],
        ]
        let output = try await registry.call(
            "workbook.edit", input: ["file": Self.file, "edits": edits, "output": "more.xlsx"], in: context)
        #expect(output["file"]?["path"] == "more.xlsx")
        #expect(output["sheets"] == ["Data", "Notes"])
        #expect(try await query(["table": "Orders"])["rows"]?.array?.count == 3)
        let more: JSONValue = ["path": "more.xlsx", "name": "more.xlsx", "media_type": "x", "size": 1]
        #expect(
            try await query(["table": "Orders", "file": more])["rows"]?.array?.last == ["plum", "2026-04-01", 8, nil])
        #expect(
            try await query(["sheet": "Notes", "file": more, "header": false])["rows"] == [
                [nil, "hello"], [nil, 26.5],
            ])
        let failure = await #expect(throws: ToolFailure.self) {
            try await self.registry.call(
                "workbook.edit",
                input: ["file": Self.file, "edits": [["op": "delete_sheet", "sheet": "None"]]], in: self.context)
        }
        #expect(failure?.code == "sheet_missing")
    }
}
