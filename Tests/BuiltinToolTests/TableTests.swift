import Domain
import Foundation
import SQLite
import TableTool
import TestKit
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(5))) struct TableTests {
    private let bench: Bench

    init() throws {
        bench = try Bench(TableTools.all)
        try bench.put(
            "Region;Month;Amount;Paid;Day\nNord;Jan;1.200,50;ja;01.03.2026\nSüd;Jan;80,25;nein;02.03.2026\nNord;Feb;20,00;ja;03.03.2026\nSüd;Feb;5,00;;04.03.2026\n",
            "sales.csv")
        try bench.put(#"[{"region":"Nord","head":"Ann"},{"region":"West","head":"Bob"}]"#, "heads.json")
    }

    private let both: JSONValue = [["path": "sales.csv"], ["path": "heads.json"]]

    private func query(_ plan: JSONValue, _ output: JSONValue = [:]) async throws -> JSONValue {
        try await bench.call("table.query", ["tables": both, "query": plan, "output": output])
    }

    @Test func tablesAreDescribed() async throws {
        let output = try await bench.call("table.query", ["tables": both])
        #expect(output["tables"]?[0]?["row_count"] == 4)
        #expect(
            output["tables"]?[0]?["columns"]?.array?.compactMap { $0["type"]?.string } == [
                "text", "text", "number", "boolean", "date",
            ])
        #expect(output["tables"]?[1]?["name"] == "heads")
    }

    @Test func plansFilterGroupAndSort() async throws {
        let output = try await query([
            "from": "sales", "filter": [["column": "amount", "op": ">", "value": 10]], "group_by": ["Region"],
            "aggregates": [["function": "sum", "column": "Amount", "as": "total"], ["function": "count"]],
            "having": ["column": "total", "op": ">", "value": 50], "sort": [["column": "total", "descending": true]],
        ])
        #expect(output["rows"] == [["Nord", 1220.5, 2], ["Süd", 80.25, 1]])
        #expect(output["columns"]?.array?.compactMap { $0["name"]?.string } == ["Region", "total", "count"])
    }

    @Test func plansJoinAndPivot() async throws {
        let joined = try await query([
            "from": "sales", "joins": [["table": "heads", "kind": "left", "on": ["Region": "region"]]],
            "select": ["Region", "head", "Paid"], "distinct": true, "sort": [["column": "Region"]], "limit": 2,
        ])
        #expect(joined["rows"] == [["Nord", "Ann", true], ["Süd", nil, false]])
        let pivot = try await query([
            "pivot": ["rows": ["Region"], "column": "Month", "value": "Amount"], "sort": [["column": "Region"]],
        ])
        #expect(pivot["columns"]?.array?.compactMap { $0["name"]?.string } == ["Region", "Feb", "Jan"])
        #expect(pivot["rows"] == [["Nord", 20, 1200.5], ["Süd", 5, 80.25]])
    }

    @Test func filtersNestAndQuoteWhatTheyAreGiven() async throws {
        let output = try await query([
            "select": ["Region"],
            "filter": [
                "any": [
                    ["column": "Region", "op": "contains", "value": "Ü"],
                    ["not": ["column": "Month", "op": "in", "value": ["Jan", "Feb"]]],
                ]
            ],
        ])
        #expect(output["row_count"] == 0)
        let hostile = "x' OR 1=1; DROP TABLE sales; --"
        #expect(try await query(["filter": [["column": "Region", "value": .string(hostile)]]])["row_count"] == 0)
        #expect(
            try await query(["filter": [["column": "Region", "op": "starts_with", "value": "%"]]])["row_count"] == 0)
        for plan in [
            ["select": [.string("\"; DROP TABLE sales")]], ["filter": [["column": "Nope", "value": 1]]],
            ["sort": [["column": "Nope"]]], ["aggregates": [["function": "load_extension", "column": "Region"]]],
            ["from": "sqlite_master"], ["filter": [["column": "Region", "op": "~", "value": 1]]],
        ] as [JSONValue] {
            let failure = await bench.failure("table.query", ["tables": both, "query": plan])
            #expect(failure?.code == "query_invalid")
        }
    }

    @Test func statementsRead() async throws {
        let output = try await bench.call(
            "table.query",
            [
                "tables": both, "parameters": ["Nord"],
                "sql":
                    "WITH t AS (SELECT * FROM sales WHERE \"Region\" = ?) SELECT Month, sum(Amount) OVER (ORDER BY Day) AS run, Day FROM t ORDER BY Day;",
            ])
        #expect(output["rows"] == [["Jan", 1200.5, "2026-03-01"], ["Feb", 1220.5, "2026-03-03"]])
        #expect(output["columns"]?.array?.compactMap { $0["type"]?.string } == ["text", "number", "date"])
    }

    @Test(arguments: [
        "ATTACH '/tmp/x.db' AS x", "PRAGMA database_list", "SELECT * FROM pragma_database_list", "DELETE FROM sales",
        "INSERT INTO sales SELECT * FROM sales", "CREATE TABLE t (a)", "DROP TABLE sales",
        "UPDATE sales SET Region = 1",
        "SELECT load_extension('/tmp/x.so')", "SELECT readfile('/etc/passwd')", "SELECT writefile('/tmp/x', 'y')",
        "VACUUM INTO '/tmp/x.db'", "SELECT 1; SELECT 2", "BEGIN", "EXPLAIN SELECT 1",
        "SELECT * FROM sqlite_master; DROP TABLE sales",
        "", "SELEC 1", "SELECT nope FROM sales", "SELECT * FROM sales WHERE Region = \"Nord\"", "SELECT ?",
        "SELECT fts3_tokenizer('x')",
        "SELECT * FROM dbstat", "REINDEX", "ANALYZE", "SAVEPOINT a",
    ])
    func statementsThatDoMoreThanReadAreRefused(sql: String) async throws {
        let failure = await bench.failure("table.query", ["tables": both, "sql": .string(sql)])
        #expect(failure?.kind == .invalidInput, "\(sql)")
        #expect(
            failure.map { ["sql_invalid", "sql_forbidden"].contains($0.code) } == true,
            "\(failure?.code ?? "none") \(sql)")
        #expect(!FileManager.default.fileExists(atPath: "/tmp/x.db"))
    }

    @Test func endlessQueriesEnd() async throws {
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        #expect(
            await bench.failure("table.query", ["tables": both, "sql": .string(endless)], seconds: 2)?.code
                == "timed_out")
        let product = "SELECT count(*) FROM n a, n b, n c, n d, n e"
        let rows = JSONValue.array((0..<500).map { ["i": .int(Int64($0))] })
        let failure = await bench.failure(
            "table.query", ["tables": [["name": "n", "rows": rows]], "sql": .string(product)], seconds: 2)
        #expect(failure?.code == "timed_out")
    }

    @Test(arguments: [
        "SELECT zeroblob(1000000000)", "SELECT hex(zeroblob(20000000))",
        "WITH RECURSIVE n(i, t) AS (SELECT 1, 'x' UNION ALL SELECT i + 1, t || t FROM n) SELECT max(length(t)) FROM n",
    ])
    func largeTextsAreRefused(sql: String) async throws {
        let failure = await bench.failure("table.query", ["tables": both, "sql": .string(sql)])
        #expect(failure?.code == "data_too_large", "\(failure?.code ?? "none")")
    }

    @Test func memoryIsBounded() async throws {
        let sql = """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) \
            SELECT DISTINCT randomblob(8000000), i FROM n ORDER BY 1
            """
        let failure = await bench.failure(
            "table.query", ["tables": both, "sql": .string(sql), "output": ["max_rows": 1]])
        #expect(failure?.code == "data_too_large", "\(failure?.code ?? "none")")
    }

    @Test func resultsGoOutInEveryForm() async throws {
        let plan: JSONValue = ["select": ["Region", "Amount"], "sort": [["column": "Amount"]], "limit": 2]
        #expect(try await query(plan, ["format": "csv"])["text"] == "Region,Amount\nSüd,5.0\nNord,20.0\n")
        #expect(
            try await query(plan, ["format": "markdown"])["text"]
                == "| Region | Amount |\n| --- | --- |\n| Süd | 5.0 |\n| Nord | 20.0 |\n")
        let file = try await query(plan, ["path": "out/x.jsonl", "publish": true])
        #expect(
            try bench.text("out/x.jsonl") == "{\"Amount\":5,\"Region\":\"Süd\"}\n{\"Amount\":20,\"Region\":\"Nord\"}\n")
        #expect(file["row_count"] == 2)
        #expect(bench.published.map(\.path) == ["out/x.jsonl"])
        _ = try await query(plan, ["path": "x.csv"])
        #expect(try bench.text("x.csv").hasPrefix("Region,Amount\n"))
        let cut = try await query([:], ["max_rows": 1])
        #expect(cut["truncated"] == true)
        #expect(cut["rows"]?.array?.count == 1)
    }

    @Test func cellsThatWouldBreakOutputAreEscaped() async throws {
        let rows: JSONValue = [["a": "x,\"y\"\nz", "b": "p|q"]]
        let csv = try await bench.call(
            "table.query", ["tables": [["rows": rows]], "query": [:], "output": ["format": "csv"]])
        #expect(csv["text"] == "a,b\n\"x,\"\"y\"\"\nz\",p|q\n")
        let markdown = try await bench.call(
            "table.query", ["tables": [["rows": rows]], "query": [:], "output": ["format": "markdown"]])
        #expect(markdown["text"]?.string?.hasSuffix("| x,\"y\" z | p\\|q |\n") == true)
    }

    @Test func linesOfJSONAndOddInputs() async throws {
        try bench.put("{\"a\":1}\n\n{\"a\":2.5,\"b\":[1]}\n", "l.jsonl")
        let output = try await bench.call(
            "table.query", ["tables": [["path": "l.jsonl"]], "sql": "SELECT a, b FROM l"])
        #expect(output["rows"] == [[1, nil], [2.5, "[1]"]])
        for (name, text) in [
            ("a.json", "{"), ("b.json", "[]"), ("c.json", "[1]"), ("d.jsonl", "x"), ("e.csv", ""), ("f.xlsx", "PK"),
        ] {
            try bench.put(text, name)
            #expect(
                await bench.failure("table.query", ["tables": [["path": .string(name)]]])?.kind == .invalidInput,
                "\(name)")
        }
        #expect(await bench.failure("table.query", ["tables": []])?.code == "input_invalid")
        #expect(await bench.failure("table.query", ["tables": [["path": "../x.csv"]]])?.code == "path_invalid")
        #expect(
            await bench.failure("table.query", ["tables": [["path": "sales.csv"], ["path": "sales.csv"]]])?.code
                == "input_invalid")
    }

    @Test func workbooksAreRead() async throws {
        let path = bench.folder.appending(path: "book.xlsx").path
        let script = """
            import openpyxl, datetime
            b = openpyxl.Workbook(); s = b.active; s.title = 'Zahlen'
            s.append(['Name', 'Wert', 'Tag', 'Ja', 'Leer'])
            s.append(['Ä & <b>', 1.5, datetime.date(2026, 3, 1), True, None]); s.append(['B', 2, datetime.datetime(2026, 3, 2, 10, 30), False, None])
            t = b.create_sheet('Zwei'); t.append(['x']); t.append([7]); b.save('\(path)')
            """
        let made = try await TestProgram.run([Python.program, "-c", script])
        #expect(made.status == 0, "\(made.text)")
        let output = try await bench.call(
            "table.query",
            [
                "tables": [["path": "book.xlsx"], ["path": "book.xlsx", "sheet": "zwei", "name": "z"]],
                "sql": "SELECT Name, Wert, Tag, Ja, z.x FROM book, z ORDER BY Wert",
            ])
        #expect(
            output["rows"] == [["Ä & <b>", 1.5, "2026-03-01", true, 7], ["B", 2, "2026-03-02T10:30:00", false, 7]])
        let missing = await bench.failure("table.query", ["tables": [["path": "book.xlsx", "sheet": "nope"]]])
        #expect(missing?.code == "sheet_missing")
        #expect(missing?.message.contains("'Zahlen', 'Zwei'") == true)
    }

    @Test func entitiesInWorkbooksAreRefused() async throws {
        let path = bench.folder.appending(path: "evil.xlsx").path
        let script = """
            import zipfile
            z = zipfile.ZipFile('\(path)', 'w')
            z.writestr('xl/workbook.xml', '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><workbook><sheets><sheet name="&a;"/></sheets></workbook>')
            z.close()
            """
        #expect(try await TestProgram.run(["/usr/bin/python3", "-c", script]).status == 0)
        #expect(await bench.failure("table.query", ["tables": [["path": "evil.xlsx"]]])?.code == "xlsx_invalid")
    }
}
