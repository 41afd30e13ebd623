import FoundationEssentials
import Glibc
import TestKit
import Testing

/// Files that libraries of others write.
enum PythonFiles {
    private static func made(_ script: String, _ ending: String) async throws -> [UInt8] {
        let path = FileManager.default.temporaryDirectory.path + "/python-\(UUID().uuidString).\(ending)"
        defer { unlink(path) }
        let outcome = try await TestProgram.run(["\(Self.data)/test-python/bin/python3", "-c", script, path])
        #expect(outcome.status == 0, "\(outcome.text)")
        return Array(try Data(contentsOf: URL(filePath: path)))
    }

    private static var data: String {
        let given = getenv("PERSONA_DATA_DIR").map { String(cString: $0) }
        return given ?? "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/.data"
    }

    static func presentation() async throws -> [UInt8] {
        try await made(
            """
            import sys
            from pptx import Presentation
            from pptx.util import Pt
            from pptx.chart.data import CategoryChartData
            from pptx.enum.chart import XL_CHART_TYPE
            deck = Presentation()
            deck.core_properties.title = "A deck"
            slide = deck.slides.add_slide(deck.slide_layouts[1])
            slide.shapes.title.text = "Reservoirs"
            frame = slide.placeholders[1].text_frame
            frame.text = "first"
            paragraph = frame.add_paragraph()
            paragraph.text, paragraph.level = "second level", 1
            slide.notes_slide.notes_text_frame.text = "Say it slowly."
            slide = deck.slides.add_slide(deck.slide_layouts[6])
            table = slide.shapes.add_table(2, 2, Pt(72), Pt(72), Pt(288), Pt(72)).table
            for index, text in enumerate("abcd"): table.cell(index // 2, index % 2).text = text
            data = CategoryChartData()
            data.categories = ["Q1", "Q2"]
            data.add_series("Rain", (3, 4.5))
            slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Pt(72), Pt(200), Pt(200), Pt(200), data)
            deck.save(sys.argv[1])
            """, "pptx")
    }

    static func workbook() async throws -> [UInt8] {
        try await made(
            """
            import sys, datetime
            from openpyxl import Workbook
            from openpyxl.comments import Comment
            book = Workbook()
            sheet = book.active
            sheet.title = "Numbers"
            sheet.append(["Name", "Count", "Share", "Day", "Yes"])
            sheet.append(["Ünïcode 😀", 12, 0.5, datetime.date(2026, 3, 1), True])
            sheet.append(["Time", None, None, datetime.datetime(1999, 12, 31, 23, 59, 58)])
            sheet["B2"].comment = Comment("checked", "me")
            book.create_sheet("Hidden").sheet_state = "hidden"
            book.save(sys.argv[1])
            """, "xlsx")
    }
}
