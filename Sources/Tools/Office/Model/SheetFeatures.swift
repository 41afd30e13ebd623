/// A cell anywhere on the sheet, beside or upon its table of columns and rows.
package struct PlacedCell: Sendable, Hashable, Codable {
    package var cell: String
    package var value: Cell
    /// Name of one of the workbook's styles.
    package var style: String?

    package init(cell: String, value: Cell, style: String? = nil) {
        self.cell = cell
        self.value = value
        self.style = style
    }

    package enum CodingKeys: String, CodingKey, CaseIterable { case cell, value, style }
}

/// Cells that look as one of the workbook's styles says; of two that overlap the later adds to the earlier.
package struct RangeStyle: Sendable, Hashable, Codable {
    package var range: String
    package var style: String

    package init(range: String, style: String) {
        self.range = range
        self.style = style
    }

    package enum CodingKeys: String, CodingKey, CaseIterable { case range, style }
}

/// A native table over the sheet's columns and rows: banded, filtered, and known to formulas by its name.
package struct SheetTable: Sendable, Hashable, Codable {
    package var name: String
    /// One of Excel's own: `TableStyleMedium2`; `nil`: plain bands in the theme's colours.
    package var style: String?
    package var bandedRows: Bool?

    package init(name: String, style: String? = nil, bandedRows: Bool? = nil) {
        self.name = name
        self.style = style
        self.bandedRows = bandedRows
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case name, style
        case bandedRows = "banded_rows"
    }
}

/// Rows and columns that stay in sight.
package struct FrozenPanes: Sendable, Hashable, Codable {
    package var rows: Int?
    package var columns: Int?

    package init(rows: Int? = nil, columns: Int? = nil) {
        self.rows = rows
        self.columns = columns
    }

    package enum CodingKeys: String, CodingKey, CaseIterable { case rows, columns }
}

package struct RowHeight: Sendable, Hashable, Codable {
    /// From 1.
    package var row: Int
    /// In points, 0 to 409.
    package var height: Double

    package init(row: Int, height: Double) {
        self.row = row
        self.height = height
    }

    package enum CodingKeys: String, CodingKey, CaseIterable { case row, height }
}

/// A link of a cell: to the web, to a mail address, or to a place in the workbook.
package struct CellLink: Sendable, Hashable, Codable {
    package var cell: String
    /// `https://…`, `mailto:…`, or `#Sheet1!A1`.
    package var url: String
    package var tooltip: String?

    package init(cell: String, url: String, tooltip: String? = nil) {
        self.cell = cell
        self.url = url
        self.tooltip = tooltip
    }

    package enum CodingKeys: String, CodingKey, CaseIterable { case cell, url, tooltip }
}

/// A comment upon a cell.
package struct CellNote: Sendable, Hashable, Codable {
    package var cell: String
    package var text: String
    /// `nil`: the workbook's.
    package var author: String?

    package init(cell: String, text: String, author: String? = nil) {
        self.cell = cell
        self.text = text
        self.author = author
    }

    package enum CodingKeys: String, CodingKey, CaseIterable { case cell, text, author }
}

/// A picture upon the sheet.
package struct SheetImage: Sendable, Hashable, Codable {
    /// Relative to the run's directory; PNG or JPEG.
    package var path: String
    package var altText: String
    /// Cell of the upper left corner.
    package var anchor: String
    /// In pixels (96 an inch); `nil`: the picture's own, at most 640. The height follows.
    package var width: Int?

    package init(path: String, altText: String, anchor: String, width: Int? = nil) {
        self.path = path
        self.altText = altText
        self.anchor = anchor
        self.width = width
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case path, anchor, width
        case altText = "alt_text"
    }
}

/// A name for cells or for a formula, for the whole workbook.
package struct WorkbookName: Sendable, Hashable, Codable {
    package var name: String
    /// `Sheet1!$B$2:$B$9`, or any formula, without its `=`.
    package var refersTo: String

    package init(name: String, refersTo: String) {
        self.name = name
        self.refersTo = refersTo
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case name
        case refersTo = "refers_to"
    }
}

/// Keeps a sheet from being changed by mistake; who wants to can lift it.
package struct SheetProtection: Sendable, Hashable, Codable {
    package enum Action: String, Sendable, Hashable, Codable, CaseIterable {
        case formatCells = "format_cells"
        case formatColumns = "format_columns"
        case formatRows = "format_rows"
        case insertRows = "insert_rows"
        case insertColumns = "insert_columns"
        case insertLinks = "insert_links"
        case deleteRows = "delete_rows"
        case deleteColumns = "delete_columns"
        case sort, filter
    }

    package var password: String?
    /// What stays allowed.
    package var allow: [Action]?

    package init(password: String? = nil, allow: [Action]? = nil) {
        self.password = password
        self.allow = allow
    }

    package enum CodingKeys: String, CodingKey, CaseIterable { case password, allow }
}

/// How a sheet is printed.
package struct PrintSetup: Sendable, Hashable, Codable {
    package enum Orientation: String, Sendable, Hashable, Codable, CaseIterable { case portrait, landscape }
    package enum Paper: String, Sendable, Hashable, Codable, CaseIterable { case a3, a4, a5, letter, legal, tabloid }

    /// `nil`: by the number of columns.
    package var orientation: Orientation?
    /// `nil`: A4.
    package var paper: Paper?
    /// Pages; `nil`: 1 wide and any number tall.
    package var fitWidth: Int?
    package var fitHeight: Int?
    /// Cells that are printed; `nil`: all.
    package var area: String?
    /// Repeated at the top of each page, from 1: `1:2`; `nil`: the header.
    package var titleRows: String?
    package var titleColumns: String?
    /// Texts with Excel's codes: `&P` page, `&N` pages, `&D` date, `&A` sheet; `&L`, `&C`, `&R` begin a part.
    package var header: String?
    package var footer: String?
    package var gridlines: Bool?
    package var centered: Bool?

    package init(
        orientation: Orientation? = nil, paper: Paper? = nil, fitWidth: Int? = nil, fitHeight: Int? = nil,
        area: String? = nil, titleRows: String? = nil, titleColumns: String? = nil, header: String? = nil,
        footer: String? = nil, gridlines: Bool? = nil, centered: Bool? = nil
    ) {
        self.orientation = orientation
        self.paper = paper
        self.fitWidth = fitWidth
        self.fitHeight = fitHeight
        self.area = area
        self.titleRows = titleRows
        self.titleColumns = titleColumns
        self.header = header
        self.footer = footer
        self.gridlines = gridlines
        self.centered = centered
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case orientation, paper, area, header, footer, gridlines, centered
        case fitWidth = "fit_width"
        case fitHeight = "fit_height"
        case titleRows = "title_rows"
        case titleColumns = "title_columns"
    }
}
