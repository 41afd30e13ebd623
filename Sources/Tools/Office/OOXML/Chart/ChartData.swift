import DocumentModel

/// The data, axes and text of a chart part.
extension ChartPart {
    func format(_ format: String?) -> String { format ?? "General" }

    func categories(_ series: Series, _ xml: inout XMLBuffer) {
        switch series.categories {
        case .text(let reference, let values):
            xml.element(kind == .scatter ? "c:xVal" : "c:cat") { xml in
                xml.element("c:strRef") { xml in
                    xml.element("c:f", text: reference)
                    xml.element("c:strCache") { strings(values, &$0) }
                }
            }
        case .numbers(let values):
            xml.element(kind == .scatter ? "c:xVal" : "c:cat") { numbers(values, &$0) }
        }
    }

    func strings(_ values: [String], _ xml: inout XMLBuffer) {
        xml.element("c:ptCount", ["val": "\(values.count)"])
        for (index, value) in values.enumerated() {
            xml.element("c:pt", ["idx": "\(index)"]) { $0.element("c:v", text: value) }
        }
    }

    func numbers(_ values: Values, _ xml: inout XMLBuffer) {
        xml.element("c:numRef") { xml in
            xml.element("c:f", text: values.reference)
            xml.element("c:numCache") { xml in
                xml.element("c:formatCode", text: format(numberFormat))
                xml.element("c:ptCount", ["val": "\(values.numbers.count)"])
                for (index, value) in values.numbers.enumerated() {
                    guard let value else { continue }
                    xml.element("c:pt", ["idx": "\(index)"]) { $0.element("c:v", text: NumberText.plain(value)) }
                }
            }
        }
    }

    func titleElement(_ text: String, size: Int, _ xml: inout XMLBuffer) {
        xml.element("c:title") { xml in
            xml.element("c:tx") { xml in
                xml.element("c:rich") { xml in
                    xml.element("a:bodyPr")
                    xml.element("a:lstStyle")
                    xml.element("a:p") { xml in
                        xml.element("a:pPr") { $0.element("a:defRPr", ["sz": "\(size)", "b": "1"]) }
                        xml.element("a:r") { xml in
                            xml.element("a:rPr", ["sz": "\(size)", "b": "1"]) { xml in
                                xml.element("a:solidFill") { $0.element("a:srgbClr", ["val": theme.heading]) }
                            }
                            xml.element("a:t", text: text)
                        }
                    }
                }
            }
            xml.element("c:overlay", ["val": "0"])
        }
    }

    func textProperties(_ xml: inout XMLBuffer, colour: String, bold: Bool = false) {
        xml.element("c:txPr") { xml in
            xml.element("a:bodyPr")
            xml.element("a:lstStyle")
            xml.element("a:p") { xml in
                xml.element("a:pPr") { xml in
                    xml.element("a:defRPr", ["sz": "\(fontSize)", "b": bold ? "1" : "0"]) { xml in
                        xml.element("a:solidFill") { $0.element("a:srgbClr", ["val": colour]) }
                        xml.element("a:latin", ["typeface": theme.bodyFont])
                    }
                }
                xml.element("a:endParaRPr", ["lang": "en-US"])
            }
        }
    }

    func axes(hasSecondary: Bool, _ xml: inout XMLBuffer) {
        switch kind {
        case .pie, .doughnut: break
        case .scatter:
            valueAxis(
                .init(id: 1, crosses: 2, position: "b", title: categoryAxisTitle, isReversed: isRightToLeft), &xml)
            valueAxis(
                .init(
                    id: 2, crosses: 1, position: isRightToLeft ? "r" : "l", title: valueAxisTitle,
                    format: numberFormat, hasGrid: true), &xml)
        case .bar:
            categoryAxis(id: 1, crosses: 2, position: isRightToLeft ? "r" : "l", &xml)
            valueAxis(
                .init(
                    id: 2, crosses: 1, position: "b", title: valueAxisTitle, format: numberFormat, hasGrid: true,
                    isReversed: isRightToLeft, isAtEnd: true), &xml)
        case .column, .line, .area, .combined:
            categoryAxis(id: 1, crosses: 2, position: "b", &xml)
            valueAxis(
                .init(
                    id: 2, crosses: 1, position: isRightToLeft ? "r" : "l", title: valueAxisTitle,
                    format: numberFormat, hasGrid: true), &xml)
            guard hasSecondary else { return }
            categoryAxis(id: 3, crosses: 4, position: "b", isHidden: true, &xml)
            valueAxis(
                .init(id: 4, crosses: 3, position: isRightToLeft ? "l" : "r", isAtEnd: true), &xml)
        }
    }

    private func categoryAxis(id: Int, crosses: Int, position: String, isHidden: Bool = false, _ xml: inout XMLBuffer) {
        xml.element("c:catAx") { xml in
            xml.element("c:axId", ["val": "\(id)"])
            // Bars read from the top, as the table does; in a deck that reads from the right, columns do so too.
            let isReversed = kind == .bar || isRightToLeft
            xml.element("c:scaling") { $0.element("c:orientation", ["val": isReversed ? "maxMin" : "minMax"]) }
            xml.element("c:delete", ["val": isHidden ? "1" : "0"])
            xml.element("c:axPos", ["val": position])
            if let categoryAxisTitle, !isHidden { titleElement(categoryAxisTitle, size: fontSize, &xml) }
            xml.element("c:numFmt", ["formatCode": "General", "sourceLinked": "0"])
            axisLook(&xml, line: true, labels: "low")
            xml.element("c:crossAx", ["val": "\(crosses)"])
            xml.element("c:crosses", ["val": "autoZero"])
            xml.element("c:auto", ["val": "0"])
            xml.element("c:lblAlgn", ["val": "ctr"])
            xml.element("c:lblOffset", ["val": "100"])
            xml.element("c:noMultiLvlLbl", ["val": "1"])
        }
    }

    private struct ValueAxis {
        var id: Int
        var crosses: Int
        var position: String
        var title: String?
        var format: String?
        var hasGrid = false
        /// Grows towards the left.
        var isReversed = false
        /// Crosses the other axis at its far end.
        var isAtEnd = false
    }

    private func valueAxis(_ axis: ValueAxis, _ xml: inout XMLBuffer) {
        xml.element("c:valAx") { xml in
            xml.element("c:axId", ["val": "\(axis.id)"])
            xml.element("c:scaling") { $0.element("c:orientation", ["val": axis.isReversed ? "maxMin" : "minMax"]) }
            xml.element("c:delete", ["val": "0"])
            xml.element("c:axPos", ["val": axis.position])
            if axis.hasGrid {
                xml.element("c:majorGridlines") { xml in
                    xml.element("c:spPr") { hairline(&$0) }
                }
            }
            if let title = axis.title { titleElement(title, size: fontSize, &xml) }
            xml.element("c:numFmt", ["formatCode": format(axis.format), "sourceLinked": "0"])
            axisLook(&xml, line: !axis.hasGrid && axis.id != 4, labels: "nextTo")
            xml.element("c:crossAx", ["val": "\(axis.crosses)"])
            xml.element("c:crosses", ["val": axis.isAtEnd ? "max" : "autoZero"])
            xml.element("c:crossBetween", ["val": kind == .scatter || kind == .area ? "midCat" : "between"])
        }
    }

    private func axisLook(_ xml: inout XMLBuffer, line: Bool, labels: String) {
        xml.element("c:majorTickMark", ["val": "none"])
        xml.element("c:minorTickMark", ["val": "none"])
        xml.element("c:tickLblPos", ["val": labels])
        xml.element("c:spPr") { xml in
            if line {
                hairline(&xml)
            } else {
                xml.element("a:ln") { $0.element("a:noFill") }
            }
        }
        textProperties(&xml, colour: theme.muted)
    }

    private func hairline(_ xml: inout XMLBuffer) {
        xml.element("a:ln", ["w": "9525"]) { xml in
            xml.element("a:solidFill") { xml in
                xml.element("a:srgbClr", ["val": theme.rule])
            }
        }
    }
}

/// Numbers as XML and people want them.
enum NumberText {
    /// The shortest text that reads back as `value`: no exponent for whole numbers below 10^15, none of `inf` or `nan`.
    static func plain(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        if value == value.rounded(), abs(value) < 1e15 { return "\(Int64(value))" }
        return "\(value)"
    }
}
