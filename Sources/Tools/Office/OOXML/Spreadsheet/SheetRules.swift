import DocumentModel

/// What follows the rows of a worksheet, in the schema's order (ECMA-376 part 1, section 18.3.1.99).
struct SheetRules {
    let sheet: Sheet
    /// Of data, however they came.
    let rows: Int
    let related: WorksheetPart.Related
    let styles: StyleSheet
    let named: [String: CellStyle]

    func write(_ xml: inout XMLBuffer) {
        if let protection = sheet.protection { write(protection, &xml) }
        if sheet.autofilter, sheet.table == nil, rows > 0, !sheet.columns.isEmpty {
            let last = CellReference.name(row: rows, column: sheet.columns.count - 1)
            xml.element("autoFilter", ["ref": "A1:\(last)"])
        }
        if !sheet.merges.isEmpty {
            xml.element("mergeCells", ["count": "\(sheet.merges.count)"]) { xml in
                for range in sheet.merges { xml.element("mergeCell", ["ref": plain(range)]) }
            }
        }
        for (index, format) in sheet.conditional.enumerated() {
            ConditionalRule(format: format, priority: index + 1, style: format.style.flatMap { named[$0] })
                .write(&xml, styles)
        }
        if !sheet.validations.isEmpty {
            xml.element("dataValidations", ["count": "\(sheet.validations.count)"]) { xml in
                for validation in sheet.validations { ValidationRule(validation: validation).write(&xml) }
            }
        }
        links(&xml)
        printing(&xml)
        if let drawing = related.drawing { xml.element("drawing", ["r:id": drawing]) }
        if let notes = related.notes { xml.element("legacyDrawing", ["r:id": notes]) }
        if let table = related.table {
            xml.element("tableParts", ["count": "1"]) { $0.element("tablePart", ["r:id": table]) }
        }
    }

    private func plain(_ range: String) -> String { CellArea(range)?.name ?? range }

    private func write(_ protection: SheetProtection, _ xml: inout XMLBuffer) {
        let allowed = Set(protection.allow ?? [])
        // `0` means: not forbidden.
        func forbidden(_ action: SheetProtection.Action) -> String? { allowed.contains(action) ? "0" : nil }
        xml.element(
            "sheetProtection",
            [
                "password": protection.password.map(SheetPassword.hash), "sheet": "1", "objects": "1",
                "scenarios": "1", "formatCells": forbidden(.formatCells), "formatColumns": forbidden(.formatColumns),
                "formatRows": forbidden(.formatRows), "insertColumns": forbidden(.insertColumns),
                "insertRows": forbidden(.insertRows), "insertHyperlinks": forbidden(.insertLinks),
                "deleteColumns": forbidden(.deleteColumns), "deleteRows": forbidden(.deleteRows),
                "sort": forbidden(.sort), "autoFilter": forbidden(.filter),
            ])
    }

    private func links(_ xml: inout XMLBuffer) {
        guard !sheet.links.isEmpty else { return }
        xml.element("hyperlinks") { xml in
            for link in sheet.links {
                let place = link.url.hasPrefix("#") ? String(link.url.dropFirst()) : nil
                xml.element(
                    "hyperlink",
                    [
                        "ref": plain(link.cell), "r:id": related.links[link.cell], "location": place,
                        "tooltip": link.tooltip,
                    ])
            }
        }
    }

    private func printing(_ xml: inout XMLBuffer) {
        let setup = sheet.print
        if setup?.gridlines == true || setup?.centered == true {
            xml.element(
                "printOptions",
                [
                    "horizontalCentered": setup?.centered == true ? "1" : nil,
                    "gridLines": setup?.gridlines == true ? "1" : nil,
                ])
        }
        xml.element(
            "pageMargins",
            ["left": "0.5", "right": "0.5", "top": "0.75", "bottom": "0.75", "header": "0.3", "footer": "0.3"])
        let wide = sheet.columns.count > 6 || related.drawing != nil
        xml.element(
            "pageSetup",
            [
                "paperSize": "\((setup?.paper ?? .a4).code)",
                "orientation": setup?.orientation?.rawValue ?? (wide ? "landscape" : "portrait"),
                "fitToWidth": "\(setup?.fitWidth ?? 1)", "fitToHeight": "\(setup?.fitHeight ?? 0)",
            ])
        xml.element("headerFooter") { xml in
            xml.element("oddHeader", text: setup?.header ?? "&L&A")
            xml.element("oddFooter", text: setup?.footer ?? "&R&P / &N")
        }
    }
}

extension PrintSetup.Paper {
    /// ST_PaperSize.
    var code: Int {
        switch self {
        case .letter: 1
        case .tabloid: 3
        case .legal: 5
        case .a3: 8
        case .a4: 9
        case .a5: 11
        }
    }
}

/// The hash of a sheet's password (ECMA-376 part 4, section 14.7.1): 16 bits, against mistakes and not against people.
enum SheetPassword {
    static func hash(_ password: String) -> String {
        var hash: UInt16 = 0
        // Excel takes at most 15 characters.
        let bytes = Array(password.utf8.prefix(15))
        for byte in bytes.reversed() {
            hash = (hash >> 14 & 1) | (hash << 1 & 0x7FFF)
            hash ^= UInt16(byte)
        }
        hash = (hash >> 14 & 1) | (hash << 1 & 0x7FFF)
        hash ^= UInt16(bytes.count) ^ 0xCE4B
        let digits = String(hash, radix: 16, uppercase: true)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}
