import DocumentModel

/// One conditional format as a rule of the worksheet (ECMA-376 part 1, section 18.3.1.10).
struct ConditionalRule {
    let format: ConditionalFormat
    let priority: Int
    let style: CellStyle?

    func write(_ xml: inout XMLBuffer, _ styles: StyleSheet) {
        let area = CellArea(format.range)
        let first = area.map { CellReference.name(row: $0.rows.lowerBound, column: $0.columns.lowerBound) } ?? "A1"
        let look = format.needsStyle ? style.map { "\(styles.differentialIndex(of: $0))" } : nil
        xml.element("conditionalFormatting", ["sqref": area?.name ?? format.range]) { xml in
            xml.element(
                "cfRule",
                [
                    "type": type, "dxfId": look, "priority": "\(priority)",
                    "stopIfTrue": format.stop == true ? "1" : nil,
                    "aboveAverage": format.kind == .belowAverage ? "0" : nil,
                    "bottom": format.kind == .bottom ? "1" : nil,
                    "operator": format.kind == .value
                        ? comparison : format.kind == .contains ? "containsText" : nil,
                    "text": format.kind == .contains ? format.text : nil,
                    "rank": format.kind == .top || format.kind == .bottom ? "\(format.count ?? 10)" : nil,
                ]
            ) { body(first, &$0) }
        }
    }

    private var type: String {
        switch format.kind {
        case .value: "cellIs"
        case .formula: "expression"
        case .contains: "containsText"
        case .duplicates: "duplicateValues"
        case .uniques: "uniqueValues"
        case .blanks: "containsBlanks"
        case .errors: "containsErrors"
        case .top, .bottom: "top10"
        case .aboveAverage, .belowAverage: "aboveAverage"
        case .colorScale: "colorScale"
        case .dataBar: "dataBar"
        case .icons: "iconSet"
        }
    }

    private var comparison: String {
        (format.comparison ?? (format.second == nil ? .equal : .between)).operation
    }

    private func body(_ first: String, _ xml: inout XMLBuffer) {
        switch format.kind {
        case .value:
            for bound in [format.first, format.second] {
                if let bound { xml.element("formula", text: FormulaText.of(bound)) }
            }
        case .formula: xml.element("formula", text: FormulaText.bare(format.formula ?? ""))
        case .contains:
            let text = FormulaText.of(.text(format.text ?? ""))
            xml.element("formula", text: "NOT(ISERROR(SEARCH(\(text),\(first))))")
        case .blanks: xml.element("formula", text: "LEN(TRIM(\(first)))=0")
        case .errors: xml.element("formula", text: "ISERROR(\(first))")
        case .colorScale: scale(&xml)
        case .dataBar:
            xml.element("dataBar") { xml in
                xml.element("cfvo", ["type": "min"])
                xml.element("cfvo", ["type": "max"])
                xml.element("color", ["rgb": "FF" + (format.colors?.first ?? "5B9BD5").uppercased()])
            }
        case .icons:
            xml.element("iconSet", ["iconSet": (format.icons ?? .arrows).name]) { xml in
                for bound in ["0", "33", "67"] { xml.element("cfvo", ["type": "percent", "val": bound]) }
            }
        case .duplicates, .uniques, .top, .bottom, .aboveAverage, .belowAverage: break
        }
    }

    private func scale(_ xml: inout XMLBuffer) {
        let colors = format.colors ?? ["F8696B", "FFEB84", "63BE7B"]
        xml.element("colorScale") { xml in
            xml.element("cfvo", ["type": "min"])
            if colors.count > 2 { xml.element("cfvo", ["type": "percentile", "val": "50"]) }
            xml.element("cfvo", ["type": "max"])
            for color in colors { xml.element("color", ["rgb": "FF" + color.uppercased()]) }
        }
    }
}

/// One data validation (ECMA-376 part 1, section 18.3.1.32).
struct ValidationRule {
    let validation: DataValidation

    func write(_ xml: inout XMLBuffer) {
        let isFree = validation.kind == .list || validation.kind == .custom
        let comparison = validation.comparison ?? (validation.second == nil ? .equal : .between)
        xml.element(
            "dataValidation",
            [
                "type": type, "errorStyle": validation.severity.flatMap { $0 == .stop ? nil : $0.rawValue },
                "operator": isFree || comparison == .between ? nil : comparison.operation,
                "allowBlank": validation.allowBlank == false ? nil : "1",
                "showInputMessage": validation.message == nil ? nil : "1", "showErrorMessage": "1",
                "error": validation.error, "prompt": validation.message,
                "sqref": CellArea(validation.range)?.name ?? validation.range,
            ]
        ) { xml in
            for formula in formulas { xml.element(formula.0, text: formula.1) }
        }
    }

    private var type: String {
        switch validation.kind {
        case .length: "textLength"
        case .list, .whole, .decimal, .date, .custom: validation.kind.rawValue
        }
    }

    private var formulas: [(String, String)] {
        switch validation.kind {
        case .list:
            if let source = validation.source { return [("formula1", FormulaText.bare(source))] }
            let list = (validation.values ?? []).joined(separator: ",").replacing("\"", with: "\"\"")
            return [("formula1", "\"\(list)\"")]
        case .custom: return [("formula1", FormulaText.bare(validation.formula ?? ""))]
        case .whole, .decimal, .date, .length:
            return [("formula1", validation.first), ("formula2", validation.second)].compactMap { name, bound in
                bound.map { (name, validation.kind == .date ? FormulaText.date($0) : FormulaText.of($0)) }
            }
        }
    }
}

extension DataValidation.Comparison {
    /// ST_DataValidationOperator and ST_ConditionalFormattingOperator.
    var operation: String {
        switch self {
        case .between: "between"
        case .notBetween: "notBetween"
        case .equal: "equal"
        case .notEqual: "notEqual"
        case .greater: "greaterThan"
        case .less: "lessThan"
        case .greaterOrEqual: "greaterThanOrEqual"
        case .lessOrEqual: "lessThanOrEqual"
        }
    }
}

/// Values as formulas write them.
enum FormulaText {
    static func bare(_ formula: String) -> String { formula.hasPrefix("=") ? String(formula.dropFirst()) : formula }

    static func of(_ scalar: Scalar) -> String {
        switch scalar {
        case .null: "\"\""
        case .bool(let value): value ? "TRUE" : "FALSE"
        case .integer(let value): "\(value)"
        case .number(let value): NumberText.plain(value)
        case .text(let text) where text.hasPrefix("="): bare(text)
        case .text(let text): "\"" + text.replacing("\"", with: "\"\"") + "\""
        }
    }

    /// ISO 8601 as the number that it is.
    static func date(_ scalar: Scalar) -> String {
        guard case .text(let text) = scalar, let date = SerialDate.parse(text) else { return of(scalar) }
        return NumberText.plain(date.serial)
    }
}
