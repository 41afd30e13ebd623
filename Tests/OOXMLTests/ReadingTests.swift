import DocumentModel
import Formula
import Foundation
import OOXML
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct ReadingTests {
    /// Cells by `Sheet!A1`, as openpyxl's dump below writes them.
    private func dump(_ bytes: [UInt8]) throws -> [String: String] {
        let reader = try WorkbookReader(bytes)
        var cells: [String: String] = [:]
        for (index, sheet) in reader.sheets.enumerated() {
            try reader.rows(of: index) { (row, line) throws(OOXMLError) in
                for cell in line {
                    let name = "\(sheet.name)!\(CellReference.name(row: row, column: cell.column))"
                    if let date = try reader.date(cell) {
                        cells[name] = "d \(date)"
                        continue
                    }
                    switch cell.value {
                    case .blank: break
                    case .number(let value): cells[name] = "n \(value)"
                    case .text(let text):
                        cells[name] = "s \(text.replacing("\r\n", with: "\n").replacing("\n", with: "\\n"))"
                    case .boolean(let flag): cells[name] = "b \(flag)"
                    case .error(let error): cells[name] = "e \(error.text)"
                    }
                }
                return true
            }
        }
        return cells
    }

    private static let program = """
        import sys, openpyxl, datetime, warnings
        warnings.simplefilter('ignore')
        try: book = openpyxl.load_workbook(sys.argv[1], data_only=True)
        except Exception as e: print('!', type(e).__name__); sys.exit()
        for s in book.worksheets:
            for row in s.iter_rows():
                for c in row:
                    v = c.value
                    if v is None or v == '': continue
                    if isinstance(v, bool): t = 'b ' + str(v).lower()
                    elif isinstance(v, datetime.datetime): t = 'd ' + (v.strftime('%Y-%m-%d') if v.time() == datetime.time(0) else v.strftime('%Y-%m-%dT%H:%M:%S'))
                    elif isinstance(v, datetime.time): t = 'd ' + v.strftime('%H:%M:%S')
                    elif isinstance(v, datetime.timedelta): t = 'n ' + repr(v.total_seconds() / 86400)
                    elif isinstance(v, (int, float)): t = 'n ' + repr(float(v))
                    elif c.data_type == 'e': t = 'e ' + v
                    else: t = 's ' + v.replace('\\r\\n', '\\n').replace('\\n', '\\\\n')
                    print(s.title + '!' + c.coordinate + '\\t' + t.encode('utf-8', 'replace').decode())
        """

    private func same(_ one: String, _ two: String) -> Bool {
        if one == two { return true }
        if one.hasPrefix("n "), two.hasPrefix("n "), let a = Double(one.dropFirst(2)), let b = Double(two.dropFirst(2))
        {
            return abs(a - b) <= abs(a) * 1e-12
        }
        return false
    }

    /// How many cells agree, of how many.
    private func agreement(_ bytes: [UInt8]) async throws -> (agree: Int, all: Int, differing: [String]) {
        let ours = (try? dump(bytes)) ?? [:]
        let text = try await OfficeReader.python(Self.program, on: bytes, ending: "xlsx")
        var theirs: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "\t", maxSplits: 1).map(String.init)
            if parts.count == 2 { theirs[parts[0]] = parts[1] }
        }
        let differing = theirs.filter { name, value in !same(value, ours[name] ?? "") }
        return (
            theirs.count - differing.count, theirs.count,
            differing.sorted { $0.key < $1.key }.map { "\($0): \($1) / \(ours[$0] ?? "nothing")" }
        )
    }

    @Test func ownWorkbooksAreReadAsOpenpyxlDoes() async throws {
        let result = try await agreement(Spreadsheet.bytes(of: Samples.workbook))
        // openpyxl leaves escaped characters as they are.
        #expect(result.differing == ["Data!A4: s Bad_x0000_char _x005F_x0041_ / s Bad\0char _x0041_"])
        #expect(result.all >= 35)
    }

    @Test func foreignWorkbooksAreReadAsOpenpyxlDoes() async throws {
        guard let folder = Corpora.directory("office/xlsx") else {
            // Independent files stand beside the checkout or nowhere; own ones are read above.
            try await ownWorkbooksAreReadAsOpenpyxlDoes()
            return
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".xlsx") }
            .sorted()
        #expect(!names.isEmpty)
        var (agree, all) = (0, 0)
        var report: [String] = []
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
            let result = try await agreement(bytes)
            agree += result.agree
            all += result.all
            if result.agree < result.all {
                report.append("\(name): \(result.agree) of \(result.all); \(result.differing.prefix(4))")
            }
        }
        print(
            "cells that agree with openpyxl: \(agree) of \(all) in \(names.count) files\n\(report.joined(separator: "\n"))"
        )
        #expect(Double(agree) >= Double(all) * 0.995, "\(report)")
        #expect(all > 1_000)
    }

    /// What Excel and others write that we do not.
    @Test func sharedFormulasRichTextAndPrefixesAreRead() throws {
        let sheet = """
            <x:worksheet xmlns:x="m"><x:sheetData><x:row r="2"><x:c r="B2" t="s"><x:v>0</x:v></x:c>\
            <x:c r="C2"><x:f t="shared" ref="C2:C4" si="0">A2*$B$1&amp;""</x:f><x:v>5</x:v></x:c></x:row>\
            <x:row><x:c r="C3"><x:f t="shared" si="0"/><x:v> 6.5e1 </x:v></x:c><x:c t="b"><x:v>1</x:v></x:c></x:row>\
            <x:row r="9"><x:c r="A9" t="inlineStr"><x:is><x:r><x:t>a</x:t></x:r><x:r><x:t>b&#x41;</x:t></x:r></x:is></x:c>\
            <x:c r="B9" t="e"><x:v>#N/A</x:v></x:c><x:c r="C9" t="d"><x:v>2026-03-01</x:v></x:c></x:row></x:sheetData></x:worksheet>
            """
        let bytes = try Packages.workbook(
            sheet: sheet,
            strings: "<sst><si><r><t>Rich </t></r><r><t>text_x0041_</t></r><rPh sb=\"0\"><t>no</t></rPh></si></sst>")
        let reader = try WorkbookReader(bytes)
        var seen: [String] = []
        try reader.rows(of: 0, formulas: true) { (row, cells) throws(OOXMLError) in
            for cell in cells {
                seen.append(
                    "\(CellReference.name(row: row, column: cell.column)) \(cell.value.text) \(cell.formula ?? "-")")
            }
            return true
        }
        #expect(
            seen == [
                "B2 Rich textA -", "C2 5 A2*$B$1&\"\"", "C3 65 A3*$B$1&\"\"", "D3 TRUE -", "A9 abA -", "B9 #N/A -",
                "C9 46082 -",
            ])
    }

    @Test(arguments: [
        ("<worksheet><sheetData><row r=\"0\"/></sheetData></worksheet>", "sheet_invalid"),
        ("<worksheet><sheetData><row r=\"1\"><c r=\"ZZZZ1\"/></row></sheetData></worksheet>", "sheet_invalid"),
        (
            "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>7</v></c></row></sheetData></worksheet>",
            "sheet_invalid"
        ),
        ("<!DOCTYPE a [<!ENTITY b \"c\">]><worksheet/>", "xml_dtd"),
        (
            "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"str\"><v>&b;</v></c></row></sheetData></worksheet>",
            "xml_invalid"
        ),
        ("<worksheet><sheetData>", "xml_invalid"), ("<worksheet><a></b></worksheet>", "xml_invalid"),
        (String(repeating: "<a>", count: 5_000), "xml_invalid"), ("", "xml_invalid"), ("<a b></a>", "xml_invalid"),
        ("<a b=\"1></a>", "xml_invalid"), ("<a/><b/>", "xml_invalid"), ("text", "xml_invalid"),
    ]) func brokenSheetsAreErrors(sheet: String, code: String) throws {
        let reader = try WorkbookReader(Packages.workbook(sheet: sheet))
        let error = #expect(throws: OOXMLError.self) {
            try reader.rows(of: 0) { (_, _) throws(OOXMLError) in true }
        }
        #expect(error?.code == code)
    }

    /// A part of 200 MB that packs to 200 KB.
    @Test func bombsAreStoppedByTheirRealBytes() throws {
        let output = ZipOutput(to: .memory)
        for file in Packages.files(sheet: "") where file.name != "xl/worksheets/sheet1.xml" {
            try output.add(file.name, file.bytes)
        }
        try output.begin("xl/worksheets/sheet1.xml")
        try output.write(Array("<worksheet><sheetData>".utf8))
        let filler = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 20)
        for _ in 0..<64 { try output.write(filler) }
        try output.write(Array("</sheetData></worksheet>".utf8))
        try output.end()
        var limits = PackageLimits()
        limits.unpackedBytes = 8 << 20
        let reader = try WorkbookReader(output.finish(), limits: limits)
        let error = #expect(throws: OOXMLError.self) { try reader.rows(of: 0) { (_, _) throws(OOXMLError) in true } }
        #expect(error?.code == "archive_too_large")
    }
}
