/// What is wrong with a document model, and where.
package struct DocumentFault: Error, Sendable, Hashable, Codable, CustomStringConvertible {
    /// JSON pointer (RFC 6901) into the document: `/slides/3/table/rows/0`.
    package var pointer: String
    /// Stable, snake_case: `too_long`, `out_of_range`, `unknown_source`.
    package var code: String
    package var message: String

    package init(pointer: String, code: String, message: String) {
        self.pointer = pointer
        self.code = code
        self.message = message
    }

    package var description: String { "\(pointer.isEmpty ? "/" : pointer): \(message)" }
}

/// Bounds of documents: a model or a caller that asks for more is at fault, and nothing is written.
package enum DocumentLimits {
    /// Slides of a deck; beyond that nobody is shown them.
    package static let slides = 200
    /// Points of one slide before it is split.
    package static let points = 60
    /// Figures of one slide; more are a table.
    package static let figures = 4
    /// UTF-16 units of a figure that is shown large.
    package static let figure = 24
    /// Nodes of a diagram, and how deep an organisation goes: more cannot be read.
    package static let diagramNodes = 30
    package static let diagramDepth = 5
    /// UTF-16 units of a title or a heading.
    package static let title = 300
    /// UTF-16 units of a point, a caption, an axis title.
    package static let line = 2_000
    /// UTF-16 units of a paragraph or of speaker notes.
    package static let paragraph = 20_000
    /// Columns and rows of a table in a deck or report.
    package static let tableColumns = 30
    package static let tableRows = 2_000
    /// Categories and series of a chart; more cannot be told apart.
    package static let categories = 1_000
    package static let series = 24
    /// Blocks of a report.
    package static let blocks = 5_000
    package static let sources = 500
    /// Excel's own limits (ECMA-376, and Microsoft's "Excel specifications and limits").
    package static let sheets = 100
    package static let sheetNameCharacters = 31
    package static let sheetRows = 1_048_576
    package static let sheetColumns = 16_384
    package static let cellCharacters = 32_767
    package static let formulaCharacters = 8_192
    /// Cells of a workbook, for memory: about 100 bytes each while writing.
    package static let workbookCells = 2_000_000
    package static let sheetCharts = 50
    /// Placed cells, styled ranges, notes, links and rules of one sheet, each.
    package static let sheetExtras = 65_536
    package static let numberFormat = 255
    /// In a header or footer of a page (ECMA-376 part 1, section 18.3.1.46, and Excel).
    package static let pageText = 255
}

/// Gathers faults with a path that follows the descent; at most `capacity` of them.
package struct DocumentInspection: Sendable {
    package private(set) var faults: [DocumentFault] = []
    private var path: [String] = []
    /// More faults than this help nobody.
    private let capacity = 50

    package init() {}

    package mutating func within(_ key: String, _ body: (inout DocumentInspection) -> Void) {
        guard faults.count < capacity else { return }
        path.append(key.replacing("~", with: "~0").replacing("/", with: "~1"))
        body(&self)
        path.removeLast()
    }

    package mutating func each<Element>(
        _ key: String, _ elements: [Element], _ body: (Element, inout DocumentInspection) -> Void
    ) {
        within(key) { inspection in
            for (index, element) in elements.enumerated() {
                inspection.within("\(index)") { body(element, &$0) }
            }
        }
    }

    package mutating func report(_ code: String, _ message: String, at key: String? = nil) {
        guard faults.count < capacity else { return }
        let steps = key.map { path + [$0] } ?? path
        faults.append(DocumentFault(pointer: steps.map { "/" + $0 }.joined(), code: code, message: message))
    }

    package mutating func require(_ condition: Bool, _ code: String, _ message: String, at key: String? = nil) {
        if !condition { report(code, message, at: key) }
    }

    package mutating func text(_ value: String?, _ key: String, limit: Int, required: Bool = false) {
        let blank = value.map { $0.allSatisfy(\.isWhitespace) } ?? true
        if blank {
            if required { report("empty", "'\(key)' must not be empty.", at: key) }
        } else if let value, value.utf16.count > limit {
            report("too_long", "'\(key)' has \(value.utf16.count) characters; \(limit) are allowed.", at: key)
        }
    }

    package mutating func count(_ count: Int, _ key: String, in range: ClosedRange<Int>) {
        guard !range.contains(count) else { return }
        report(
            "out_of_range", "'\(key)' has \(count) entries; \(range.lowerBound) to \(range.upperBound) are allowed.",
            at: key)
    }
}
