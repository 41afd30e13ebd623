import DocumentModel

/// `xl/worksheets/sheetN.xml`.
struct WorksheetPart {
    let grid: SheetGrid
    let sheet: Int
    /// Relationship of the drawing with the charts.
    let drawing: String?

    /// Columns are widened by content up to this many characters; longer text wraps.
    private static let widest = 60.0

    mutating func bytes(_ styles: inout StyleSheet, _ calculation: inout Calculation) throws(OOXMLError) -> [UInt8] {
        var results: [Int: [Int: FormulaValue]] = [:]
        for (row, line) in grid.formulas {
            for column in line.keys {
                results[row, default: [:]][column] = try calculation.value(
                    at: .init(sheet: sheet, row: row, column: column))
            }
        }
        let widths = grid.sheet.columns.indices.map { width(of: $0, results) }
        let model = grid.sheet
        let rowStyles = styleRows(&styles)
        var xml = XMLBuffer()
        xml.element("worksheet", ["xmlns": SpreadsheetSpace.main, "xmlns:r": OfficeType.relationships]) { xml in
            xml.element("sheetPr") { $0.element("pageSetUpPr", ["fitToPage": "1"]) }
            let corner = CellReference.name(row: grid.values.count - 1, column: model.columns.count - 1)
            xml.element("dimension", ["ref": "A1:\(corner)"])
            views(&xml)
            xml.element("sheetFormatPr", ["defaultRowHeight": "15"])
            xml.element("cols") { xml in
                for (index, width) in widths.enumerated() {
                    let column = "\(index + 1)"
                    xml.element(
                        "col", ["min": column, "max": column, "width": NumberText.plain(width), "customWidth": "1"])
                }
            }
            xml.element("sheetData") { xml in
                for row in grid.values.indices { self.row(row, rowStyles, results[row] ?? [:], &styles, &xml) }
            }
            if model.autofilter, !model.rows.isEmpty {
                let last = CellReference.name(row: model.rows.count, column: model.columns.count - 1)
                xml.element("autoFilter", ["ref": "A1:\(last)"])
            }
            printing(&xml)
            if let drawing { xml.element("drawing", ["r:id": drawing]) }
        }
        return xml.bytes
    }

    private func views(_ xml: inout XMLBuffer) {
        xml.element("sheetViews") { xml in
            let selected = sheet == 0 ? "1" : nil
            xml.element("sheetView", ["showGridLines": "0", "tabSelected": selected, "workbookViewId": "0"]) { xml in
                guard grid.sheet.freezeHeader else { return }
                xml.element(
                    "pane", ["ySplit": "1", "topLeftCell": "A2", "activePane": "bottomLeft", "state": "frozen"])
                xml.element("selection", ["pane": "bottomLeft", "activeCell": "A2", "sqref": "A2"])
            }
        }
    }

    private func printing(_ xml: inout XMLBuffer) {
        xml.element(
            "pageMargins",
            ["left": "0.5", "right": "0.5", "top": "0.75", "bottom": "0.75", "header": "0.3", "footer": "0.3"])
        let wide = grid.sheet.columns.count > 6 || drawing != nil
        xml.element(
            "pageSetup",
            [
                "paperSize": "9", "orientation": wide ? "landscape" : "portrait", "fitToWidth": "1", "fitToHeight": "0",
            ])
        xml.element("headerFooter") { xml in
            xml.element("oddHeader", text: "&L&A")
            xml.element("oddFooter", text: "&R&P / &N")
        }
    }

    private struct ColumnStyles {
        var header: Int
        var body: Int
        var quoted: Int
        var total: Int
    }

    private func styleRows(_ styles: inout StyleSheet) -> [ColumnStyles] {
        grid.sheet.columns.enumerated().map { index, column in
            let format = grid.numberFormat(ofColumn: index)
            let alignment = column.type.alignment
            let total =
                switch column.total {
                case .count: "0"
                case .average where column.type == .integer && column.numberFormat == nil: "#,##0.0"
                default: format
                }
            return ColumnStyles(
                header: styles.index(
                    of: .init(role: .header, numberFormat: "General", alignment: alignment, wraps: true)),
                body: styles.index(
                    of: .init(role: .body, numberFormat: format, alignment: alignment, wraps: column.type == .text)),
                quoted: styles.index(
                    of: .init(
                        role: .body, numberFormat: "General", alignment: .start, wraps: column.type == .text,
                        quotes: true)),
                total: styles.index(
                    of: .init(role: .total, numberFormat: total, alignment: alignment)))
        }
    }

    private func row(
        _ row: Int, _ columns: [ColumnStyles], _ results: [Int: FormulaValue], _ styles: inout StyleSheet,
        _ xml: inout XMLBuffer
    ) {
        let line = grid.values[row]
        let height: String? = row == 0 ? "22" : nil
        xml.element("row", ["r": "\(row + 1)", "ht": height, "customHeight": height.map { _ in "1" }]) { xml in
            for (column, value) in line.enumerated() where column < columns.count {
                let formula = grid.formulas[row]?[column]
                let shown = results[column] ?? value
                var style = row == 0 ? columns[column].header : columns[column].body
                if row == grid.totalsRow {
                    style = columns[column].total
                } else if row > 0, case .text(let text) = value, let first = text.first, "=+-@\t".contains(first) {
                    style = columns[column].quoted
                }
                if value == .blank, formula == nil, row != grid.totalsRow { continue }
                let name = CellReference.name(row: row, column: column)
                cell(name, shown, formula: formula, style: style, &xml)
            }
        }
    }

    private func cell(_ name: String, _ value: FormulaValue, formula: String?, style: Int, _ xml: inout XMLBuffer) {
        let type: String? =
            switch value {
            case .blank, .number: nil
            case .text: formula == nil ? "inlineStr" : "str"
            case .bool: "b"
            case .error: "e"
            }
        xml.element("c", ["r": name, "s": "\(style)", "t": type]) { xml in
            if let formula { xml.element("f", text: formula) }
            switch value {
            case .blank: if formula != nil { xml.element("v", text: "0") }
            case .number(let number): xml.element("v", text: NumberText.plain(number))
            case .bool(let flag): xml.element("v", text: flag ? "1" : "0")
            case .error(let fault): xml.element("v", text: fault.rawValue)
            case .text(let text):
                let cut = Self.escaped(text)
                if formula != nil {
                    xml.element("v", text: cut)
                } else {
                    xml.element("is") { $0.element("t", ["xml:space": "preserve"], text: cut) }
                }
            }
        }
    }

    /// Characters that XML forbids as `_xHHHH_`, and text that looks like it with its underscore escaped
    /// (ECMA-376 part 1, section 22.9.2.19, ST_Xstring).
    static func escaped(_ text: String) -> String {
        let needs = text.unicodeScalars.contains { !XMLBuffer.isAllowed($0) || $0 == "\r" } || text.contains("_x")
        guard needs else { return text }
        var result = ""
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            if !XMLBuffer.isAllowed(scalar) || scalar == "\r" {
                let digits = String(scalar.value, radix: 16, uppercase: true)
                result += "_x" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "_"
            } else if scalar == "_", looksEscaped(scalars[index...].prefix(7)) {
                result += "_x005F_"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func looksEscaped(_ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
        let parts = Array(scalars)
        return parts.count == 7 && parts[1] == "x" && parts[6] == "_"
            && parts[2...5].allSatisfy { Character($0).isHexDigit }
    }

    private func width(of column: Int, _ results: [Int: [Int: FormulaValue]]) -> Double {
        let model = grid.sheet.columns[column]
        if let width = model.width { return width }
        // The filter's arrow covers about three characters of the header.
        var longest = Double(model.header.count) + (grid.sheet.autofilter ? 4 : 1)
        let format = grid.numberFormat(ofColumn: column)
        for (row, line) in grid.values.enumerated().dropFirst() where line.indices.contains(column) {
            let value = results[row]?[column] ?? line[column]
            longest = max(longest, characters(value, format))
            if longest >= Self.widest { break }
        }
        return min(max(longest + 2, 8), Self.widest)
    }

    private func characters(_ value: FormulaValue, _ format: String) -> Double {
        switch value {
        case .blank: return 0
        case .bool, .error: return 7
        case .text(let text):
            let longest = text.split(whereSeparator: \.isNewline).map(\.unicodeScalars).map { line in
                // East Asian characters are two columns wide.
                line.reduce(0.0) {
                    $0 + ($1.value >= 0x1100 && $1.value < 0xFFFD && $1.properties.isIdeographic ? 2 : 1)
                }
            }
            return longest.max() ?? 0
        case .number(let number):
            if format.contains("yy") { return format.contains("h") ? 16 : 10 }
            let magnitude = number.magnitude
            let digits = Double(NumberText.plain(magnitude.rounded(.down)).count)
            let decimals = format.split(separator: ".").dropFirst().first.map {
                Double($0.prefix { $0 == "0" }.count) + 1
            }
            return digits + (format.contains(",") ? (digits / 3).rounded(.down) : 0) + (decimals ?? 0) + 1
        }
    }
}
