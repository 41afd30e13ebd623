import Domain
import FoundationEssentials
import MIME
import PlatformKit
import TestKit

/// The three files of an answer as other people's programs read them: python-pptx, openpyxl, pypdf, LibreOffice.
struct OfficeFiles: Decodable, Sendable {
    struct DeckFile: Decodable, Sendable {
        struct Slide: Decodable, Sendable {
            struct NativeChart: Decodable, Sendable {
                struct Series: Decodable, Sendable {
                    let name: String
                    let values: [Double?]
                }
                let categories: [String]
                let series: [Series]
            }
            let texts: [String]
            let tables: [[[String]]]
            let charts: [NativeChart]
            let pictures: Int
            let links: [String]
        }
        let title: String
        let slides: [Slide]

        var words: String { slides.flatMap(\.texts).joined(separator: "\n") }
        var charts: [Slide.NativeChart] { slides.flatMap(\.charts) }
        var links: Set<String> { Set(slides.flatMap(\.links)) }
    }
    struct BookFile: Decodable, Sendable {
        struct Sheet: Decodable, Sendable {
            let name: String
            /// Stored values, row by row; dates as `YYYY-MM-DD`.
            let values: [[JSONValue]]
            /// Formulas where a cell has one, row by row.
            let formulas: [[String?]]
            /// Types as openpyxl names them: n, s, d, b, f.
            let types: [[String]]
            let charts: Int
        }
        let sheets: [Sheet]
    }
    struct PrintFile: Decodable, Sendable {
        let pages: Int
        let text: String
    }

    let deck: DeckFile
    let book: BookFile?
    let print: PrintFile

    static func read(_ exchange: Exchange) async throws -> OfficeFiles {
        let directory = try TemporaryTree.make("e2e-files")
        for part in exchange.message.attachments {
            guard let name = part.fileName, !name.contains("/") else { continue }
            try Data(part.data).write(to: URL(filePath: "\(directory)/\(name)"))
        }
        let outcome = try await TestProgram.run([Repository.python, "-c", program, directory])
        guard outcome.status == 0 else { throw Overdue(outcome.text) }
        return try JSONValue(parsing: Array(outcome.text.utf8)).decode(OfficeFiles.self)
    }

    /// What LibreOffice says while it turns the deck and the workbook into PDF, and the files that came of it.
    static func converted(_ exchange: Exchange) async throws -> (words: String, made: [String]) {
        let directory = try TemporaryTree.make("e2e-soffice")
        for name in ["briefing.pptx", "briefing.xlsx"] {
            let ending = String(name.suffix(4))
            try Data(try exchange.file(name)).write(to: URL(filePath: "\(directory)/\(ending).\(ending)"))
        }
        let outcome = try await TestProgram.run([
            "soffice", "--headless", "-env:UserInstallation=file://\(directory)/profile", "--convert-to", "pdf",
            "--outdir", "\(directory)/out", "\(directory)/pptx.pptx", "\(directory)/xlsx.xlsx",
        ])
        return (outcome.text, try FileManager.default.contentsOfDirectory(atPath: "\(directory)/out").sorted())
    }

    private static let program = #"""
        import datetime, json, os, sys
        import openpyxl, pptx, pypdf
        from pptx.util import Emu

        folder = sys.argv[1]

        def deck(path):
            presentation = pptx.Presentation(path)
            slides = []
            for slide in presentation.slides:
                found = {"texts": [], "tables": [], "charts": [], "pictures": 0, "links": []}
                for shape in slide.shapes:
                    if shape.has_text_frame and shape.text_frame.text:
                        for paragraph in shape.text_frame.paragraphs:
                            found["texts"].append(paragraph.text)
                            for run in paragraph.runs:
                                if run.hyperlink.address:
                                    found["links"].append(run.hyperlink.address)
                    if getattr(shape, "has_table", False) and shape.has_table:
                        found["tables"].append([[c.text for c in r.cells] for r in shape.table.rows])
                    if getattr(shape, "has_chart", False) and shape.has_chart:
                        plot = shape.chart.plots[0]
                        found["charts"].append({
                            "categories": [str(c) for c in plot.categories],
                            "series": [{"name": s.name, "values": list(s.values)} for s in plot.series]})
                    if shape.shape_type == pptx.enum.shapes.MSO_SHAPE_TYPE.PICTURE or getattr(shape, "image", None):
                        found["pictures"] += 1
                slides.append(found)
            return {"title": presentation.core_properties.title, "slides": slides}

        def plain(value):
            if isinstance(value, datetime.datetime):
                return value.date().isoformat()
            return value

        def book(path):
            formulas, values = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)
            sheets = []
            for sheet in formulas:
                cached = values[sheet.title]
                sheets.append({
                    "name": sheet.title, "charts": len(sheet._charts),
                    "values": [[plain(c.value) for c in row] for row in cached.iter_rows()],
                    "types": [[c.data_type for c in row] for row in sheet.iter_rows()],
                    "formulas": [[c.value if c.data_type == "f" else None for c in row] for row in sheet.iter_rows()]})
            return {"sheets": sheets}

        def printed(path):
            reader = pypdf.PdfReader(path)
            return {"pages": len(reader.pages), "text": "\n".join(p.extract_text() for p in reader.pages)}

        workbook = os.path.join(folder, "briefing.xlsx")
        print(json.dumps({
            "deck": deck(os.path.join(folder, "briefing.pptx")),
            "book": book(workbook) if os.path.exists(workbook) else None,
            "print": printed(os.path.join(folder, "briefing.pdf"))}))
        """#
}

extension JSONValue {
    /// A number of either kind.
    var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }
}

/// Text by its words alone: line breaks and soft hyphens are the reader's affair.
func words(_ text: String) -> String { text.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
