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
            case .bar, .column, .area, .pie, .doughnut, .combined: fill(index, &xml)
            }
        }
    }

    private func outline(_ colour: String, _ xml: inout XMLBuffer) {
        xml.element("a:ln", ["w": "19050"]) { xml in
            xml.element("a:solidFill") { $0.element("a:srgbClr", ["val": colour]) }
        }
    }

    private func fill(_ index: Int, _ xml: inout XMLBuffer) {
        let slot = index % max(1, theme.palette.count)
        xml.element("a:solidFill") { xml in
            if slot < 6 {
                xml.element("a:schemeClr", ["val": "accent\(slot + 1)"])
            } else {
                xml.element("a:srgbClr", ["val": theme.palette[slot]])
            }
        }
    }

    private func labels(_ series: Series, _ group: Group, _ xml: inout XMLBuffer) {
        let isRound = group.kind.isRound
        let isBar = group.kind == .bar || group.kind == .column
        let isShort = series.values.numbers.count <= Self.labelledPoints
        guard isRound || isBar && self.series.count == 1 && isShort && !isStacked else { return }
        xml.element("c:dLbls") { xml in
            xml.element("c:numFmt", ["formatCode": isRound ? "0%" : format(numberFormat), "sourceLinked": "0"])
            xml.element("c:spPr") { xml in
                xml.element("a:noFill")
                xml.element("a:ln") { $0.element("a:noFill") }
            }
            // Upon a ring the label stands on the slice.
            textProperties(&xml, colour: group.kind == .doughnut ? ringInk : theme.text, bold: group.kind == .doughnut)
            if group.kind != .doughnut { xml.element("c:dLblPos", ["val": "outEnd"]) }
            xml.element("c:showLegendKey", ["val": "0"])
            xml.element("c:showVal", ["val": isRound ? "0" : "1"])
            xml.element("c:showCatName", ["val": "0"])
            xml.element("c:showSerName", ["val": "0"])
            xml.element("c:showPercent", ["val": isRound ? "1" : "0"])
            xml.element("c:showBubbleSize", ["val": "0"])
        }
    }

    /// What is read best upon most slices.
    private var ringInk: String {
        let dark = theme.palette.prefix(6).filter { Theme.ink(on: $0) == "FFFFFF" }.count
        return dark >= 3 ? "FFFFFF" : "1A1A1A"
    }
}
