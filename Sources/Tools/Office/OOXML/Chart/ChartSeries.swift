import DocumentModel

/// One series of a chart part: its look, its labels, its data.
extension ChartPart {
    init(
        _ chart: Chart, series: [Series], theme: Theme, fontSize: Int, workbookID: String?, isRightToLeft: Bool
    ) {
        self.init(
            kind: chart.kind, title: chart.title, series: series, categoryAxisTitle: chart.categoryAxisTitle,
            valueAxisTitle: chart.valueAxisTitle, numberFormat: chart.numberFormat, theme: theme, fontSize: fontSize,
            workbookID: workbookID, isStacked: chart.stacked ?? false, isRightToLeft: isRightToLeft)
    }

    func write(_ series: Series, _ index: Int, _ group: Group, _ xml: inout XMLBuffer) {
        let kind = group.kind
        xml.element("c:idx", ["val": "\(index)"])
        xml.element("c:order", ["val": "\(index)"])
        name(series, &xml)
        shape(kind, index, &xml)
        if kind == .bar || kind == .column { xml.element("c:invertIfNegative", ["val": "0"]) }
        if kind == .line || kind == .scatter {
            let isMarked = kind == .scatter || series.values.numbers.count <= Self.markedPoints
            xml.element("c:marker") { xml in
                xml.element("c:symbol", ["val": isMarked ? "circle" : "none"])
                guard isMarked else { return }
                xml.element("c:size", ["val": kind == .line ? "6" : "9"])
                xml.element("c:spPr") { xml in
                    fill(index, &xml)
                    outline(theme.background, &xml)
                }
            }
        }
        if kind.isRound { slices(series, &xml) }
        labels(series, group, &xml)
        categories(series, &xml)
        xml.element(kind == .scatter ? "c:yVal" : "c:val") { numbers(series.values, &$0) }
        if kind == .line || kind == .scatter { xml.element("c:smooth", ["val": "0"]) }
    }

    func name(_ series: Series, _ xml: inout XMLBuffer) {
        xml.element("c:tx") { xml in
            if let reference = series.nameReference {
                xml.element("c:strRef") { xml in
                    xml.element("c:f", text: reference)
                    xml.element("c:strCache") { strings([series.name], &$0) }
                }
            } else {
                xml.element("c:v", text: series.name)
            }
        }
    }

    /// More markers than this hide the line.
    private static let markedPoints = 24

    private func slices(_ series: Series, _ xml: inout XMLBuffer) {
        for point in series.values.numbers.indices {
            xml.element("c:dPt") { xml in
                xml.element("c:idx", ["val": "\(point)"])
                xml.element("c:bubble3D", ["val": "0"])
                xml.element("c:spPr") { xml in
                    fill(point, &xml)
                    outline(theme.background, &xml)
                }
            }
        }
    }

    private func shape(_ kind: Chart.Kind, _ index: Int, _ xml: inout XMLBuffer) {
        guard !kind.isRound else { return }
        xml.element("c:spPr") { xml in
            switch kind {
            case .line:
                xml.element("a:ln", ["w": "34925", "cap": "rnd"]) { xml in
                    fill(index, &xml)
                    xml.element("a:round")
                }
            case .scatter: xml.element("a:ln", ["w": "19050"]) { $0.element("a:noFill") }
            case .area where !isStacked && series.count > 1:
                // Areas lie before each other: what is behind shows through.
                fill(index, alpha: 40_000, &xml)
                xml.element("a:ln", ["w": "28575"]) { fill(index, &$0) }
            case .bar, .column, .area, .pie, .doughnut, .combined: fill(index, &xml)
            }
        }
    }

    private func outline(_ colour: String, _ xml: inout XMLBuffer) {
        xml.element("a:ln", ["w": "19050"]) { xml in
            xml.element("a:solidFill") { $0.element("a:srgbClr", ["val": colour]) }
        }
    }

    private func fill(_ index: Int, alpha: Int? = nil, _ xml: inout XMLBuffer) {
        let slot = index % max(1, theme.palette.count)
        let isScheme = slot < 6
        xml.element("a:solidFill") { xml in
            xml.element(
                isScheme ? "a:schemeClr" : "a:srgbClr", ["val": isScheme ? "accent\(slot + 1)" : theme.palette[slot]]
            ) { xml in
                if let alpha { xml.element("a:alpha", ["val": "\(alpha)"]) }
            }
        }
    }

    private func labels(_ series: Series, _ group: Group, _ xml: inout XMLBuffer) {
        let isRound = group.kind.isRound
        let isBar = group.kind == .bar || group.kind == .column
        let isShort = series.values.numbers.count <= Self.labelledPoints
        guard isRound || isBar && self.series.count == 1 && isShort && !isStacked else { return }
        xml.element("c:dLbls") { xml in
            // Upon a ring the label stands on its slice, in a colour that can be read there.
            if group.kind == .doughnut {
                for point in series.values.numbers.indices {
                    let ink = Theme.ink(
                        on: theme.palette.isEmpty ? theme.accent : theme.palette[point % theme.palette.count])
                    xml.element("c:dLbl") { xml in
                        xml.element("c:idx", ["val": "\(point)"])
                        label(group, colour: ink, bold: true, &xml)
                    }
                }
            }
            label(group, colour: theme.text, bold: false, &xml)
        }
    }

    private func label(_ group: Group, colour: String, bold: Bool, _ xml: inout XMLBuffer) {
        let isRound = group.kind.isRound
        xml.element("c:numFmt", ["formatCode": isRound ? "0%" : format(numberFormat), "sourceLinked": "0"])
        xml.element("c:spPr") { xml in
            xml.element("a:noFill")
            xml.element("a:ln") { $0.element("a:noFill") }
        }
        textProperties(&xml, colour: colour, bold: bold)
        if group.kind != .doughnut { xml.element("c:dLblPos", ["val": "outEnd"]) }
        xml.element("c:showLegendKey", ["val": "0"])
        xml.element("c:showVal", ["val": isRound ? "0" : "1"])
        xml.element("c:showCatName", ["val": "0"])
        xml.element("c:showSerName", ["val": "0"])
        xml.element("c:showPercent", ["val": isRound ? "1" : "0"])
        xml.element("c:showBubbleSize", ["val": "0"])
    }
}
