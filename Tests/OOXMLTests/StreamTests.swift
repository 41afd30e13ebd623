import DocumentModel
import Foundation
import Glibc
import OOXML
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct StreamTests {
    private static let book = Workbook(
        title: "T", author: "A",
        sheets: [
            Sheet(
                name: "S",
                columns: [.init(header: "n", type: .number), .init(header: "t"), .init(header: "d", type: .date)],
                rows: [])
        ])

    private func source(_ rows: Int) -> Spreadsheet.RowSource {
        var next = 0
        return { row throws(OOXMLError) in
            guard next < rows else { return false }
            row = [
                .number(Double(next) / 3), .text(next % 2 == 0 ? "even & <odd>" : "row \(next)"), .date("2026-03-01"),
                .formula("A1+1"),
            ]
            next += 1
            return true
        }
    }

    private func stream(_ rows: Int, to path: String) throws {
        let file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        try #require(file >= 0)
        defer { close(file) }
        try Spreadsheet.stream(Self.book, rows: [source(rows)], to: file)
    }

    @Test func streamedRowsAreReadByOthersAndSound() async throws {
        try await OfficeReader.directory { directory in
            let path = directory.appending(path: "s.xlsx").path
            try stream(20_000, to: path)
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            #expect(OfficeLint.faults(of: bytes) == [])
            try stream(20_000, to: path)
            #expect(try [UInt8](Data(contentsOf: URL(filePath: path))) == bytes)
            let program = """
                import sys, openpyxl
                s = openpyxl.load_workbook(sys.argv[1], read_only=True)['S']
                rows = list(s.iter_rows(values_only=True))
                print(len(rows), rows[0], rows[1][:2], rows[2], rows[-1][1], sum(r[0] for r in rows[1:]))
                """
            let text = try await OfficeReader.python(program, on: bytes, ending: "xlsx")
            #expect(text.contains("20001 ('n', 't', 'd') (0, 'even & <odd>')"), "\(text)")
            #expect(
                text.contains("(0.3333333333333333, 'row 1', datetime.datetime(2026, 3, 1, 0, 0), '=A1+1')"), "\(text)")
            #expect(text.contains("row 19999 66663333.333"), "\(text)")
        }
    }

    /// What is resident in this process, in bytes.
    private func resident() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        return (Int(text.split(separator: " ")[1]) ?? 0) * 4096
    }

    @Test func memoryDoesNotGrowWithRows() async throws {
        try await OfficeReader.directory { directory in
            let path = directory.appending(path: "s.xlsx").path
            try stream(2_000, to: path)
            let before = try resident()
            try stream(60_000, to: path)
            // 60,000 rows are 12 MiB of XML; other tests run beside this one.
            let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
            #expect(size > 400_000)
            #expect(try resident() - before < 200 << 20)
        }
    }

    @Test func largeArchivesGetZip64Records() async throws {
        let bytes = try ZipSample.bytes(zip64From: 1_000)
        let program = """
            import sys, zipfile
            z = zipfile.ZipFile(sys.argv[1])
            print(z.testzip(), [(i.filename, i.file_size, i.create_version, i.extract_version) for i in z.infolist()])
            """
        let text = try await OfficeReader.python(program, on: bytes, ending: "zip")
        #expect(text.contains("None [('small', 3, "), "\(text)")
        #expect(text.contains("('large.txt', 700000, "), "\(text)")
        #expect(text.contains("('far', 3, "), "\(text)")
        #expect(text.contains(", 45)"), "\(text)")
        let lint = try #require(PackageLint(bytes))
        #expect(lint.order == ["small", "large.txt", "far"])
        #expect(lint.parts["large.txt"]?.count == 700_000)
    }

    @Test func archivesAreTheSameOnAnyNumberOfThreads() throws {
        let one = try ZipSample.bytes(threads: 1)
        #expect(try ZipSample.bytes(threads: 4) == one)
        #expect(PackageLint(one)?.parts["large.txt"]?.count == 700_000)
    }

    @Test func failingWritesAreErrors() throws {
        let file = open("/dev/full", O_WRONLY)
        try #require(file >= 0)
        defer { close(file) }
        let full = source(10)
        let broken: Spreadsheet.RowSource = { _ throws(OOXMLError) in throw OOXMLError("source", "broken") }
        for source in [full, broken] {
            var code: String?
            do { try Spreadsheet.stream(Self.book, rows: [source], to: file) } catch { code = error.code }
            #expect(code == "write_failed" || code == "source")
        }
    }
}
