import DocumentModel

extension WordWriter {
    /// Twentieths of a point: A4 between the margins.
    private static let textWidth = 9_426

    /// The header is repeated on each page, and rows stay whole.
    func write(_ table: Table, _ xml: inout XMLBuffer) {
        if let caption = table.caption, !caption.isEmpty {
            paragraph("Caption", &xml, properties: { $0.element("w:keepNext") }) { self.text(caption, &$0) }
        }
        let widths = columnWidths(table)
        xml.element("w:tbl") { xml in
            xml.element("w:tblPr") { xml in
                xml.element("w:tblStyle", ["w:val": "ReportTable"])
                if isRightToLeft { xml.element("w:bidiVisual") }
                xml.element("w:tblW", ["w:w": "5000", "w:type": "pct"])
                xml.element("w:tblLook", ["w:val": "0420", "w:firstRow": "1", "w:noHBand": "0", "w:noVBand": "1"])
            }
            xml.element("w:tblGrid") { xml in
                for width in widths { xml.element("w:gridCol", ["w:w": "\(width)"]) }
            }
            row(table.columns.map(\.header), table, widths, isHeader: true, &xml)
            for row in table.rows {
                let texts = zip(row, table.columns).map { CellText.text($0, $1) }
                self.row(texts, table, widths, isHeader: false, &xml)
            }
        }
        // Without a paragraph between them two tables grow together.
        paragraph("TableGap", &xml) { _ in }
    }

    private func row(
        _ texts: [String], _ table: Table, _ widths: [Int], isHeader: Bool, _ xml: inout XMLBuffer
    ) {
        xml.element("w:tr") { xml in
            xml.element("w:trPr") { xml in
                xml.element("w:cantSplit")
                if isHeader { xml.element("w:tblHeader") }
            }
            for (index, text) in texts.enumerated() {
                let alignment = table.columns[index].alignment ?? table.columns[index].type.alignment
                xml.element("w:tc") { xml in
                    xml.element("w:tcPr") { $0.element("w:tcW", ["w:w": "\(widths[index])", "w:type": "dxa"]) }
                    self.paragraph(
                        "TableText", &xml,
                        properties: { xml in
                            // `start` and `end` as the transitional schema names them: they turn with the direction.
                            if alignment != .start {
                                xml.element("w:jc", ["w:val": alignment == .center ? "center" : "right"])
                            }
                        }
                    ) { if !text.isEmpty { self.text(text, &$0) } }
                }
            }
        }
    }

    /// By the longest text of each column, none narrower than a number or wider than half the page.
    private func columnWidths(_ table: Table) -> [Int] {
        let wishes = table.columns.enumerated().map { index, column in
            let longest = table.rows.prefix(200).reduce(column.header.count) {
                max($0, CellText.text($1[index], column).count)
            }
            return Double(min(max(longest, 5), 60))
        }
        let total = wishes.reduce(0, +)
        return wishes.map { max(300, Int($0 / max(1, total) * Double(Self.textWidth))) }
    }
}
