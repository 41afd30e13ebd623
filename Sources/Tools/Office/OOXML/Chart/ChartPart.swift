import DocumentModel

/// A native chart (ECMA-376 part 1, section 21.2): its data refer to cells and carry their values along.
struct ChartPart {
    struct Values {
        /// Cells, as in `Sheet1!$B$2:$B$9`.
        var reference: String
        var numbers: [Double?]
    }

    enum Categories {
        case text(reference: String, values: [String])
        case numbers(Values)
    }

    struct Series {
        var name: String
        var nameReference: String?
        /// Scatter charts: abscissae; others: the labels.
        var categories: Categories
        var values: Values
    }

    var kind: Chart.Kind
    var title: String?
    var series: [Series]
    var categoryAxisTitle: String?
    var valueAxisTitle: String?
    var numberFormat: String?
    var theme: Theme
    /// In hundredths of a point.
    var fontSize: Int
    /// Relationship of the embedded workbook.
    var workbookID: String?

    /// More labels than this would overlap.
    private static let labelledPoints = 12

    var bytes: [UInt8] {
        var xml = XMLBuffer()
        xml.element(
            "c:chartSpace",
            [
                "xmlns:c": OfficeType.chartSpace, "xmlns:a": OfficeType.drawingSpace,
                "xmlns:r": OfficeType.relationships,
            ]
        ) { xml in
            xml.element("c:date1904", ["val": "0"])
            xml.element("c:roundedCorners", ["val": "0"])
            xml.element("c:chart") { body(&$0) }
            xml.element("c:spPr") { xml in
                xml.element("a:noFill")
                xml.element("a:ln") { $0.element("a:noFill") }
            }
            textProperties(&xml, colour: theme.text)
            if let workbookID {
                xml.element("c:externalData", ["r:id": workbookID]) { $0.element("c:autoUpdate", ["val": "0"]) }
            }
        }
        return xml.bytes
    }

    private func body(_ xml: inout XMLBuffer) {
        if let title { titleElement(title, size: fontSize + 200, &xml) }
        xml.element("c:autoTitleDeleted", ["val": title == nil ? "1" : "0"])
        xml.element("c:plotArea") { xml in
            xml.element("c:layout")
            plot(&xml)
            if kind == .scatter {
                valueAxis(&xml, id: 1, crosses: 2, position: "b", title: categoryAxisTitle, format: nil, grid: false)
                valueAxis(
                    &xml, id: 2, crosses: 1, position: "l", title: valueAxisTitle, format: numberFormat, grid: true)
            } else if kind != .pie {
                categoryAxis(&xml)
                valueAxis(
                    &xml, id: 2, crosses: 1, position: kind == .bar ? "b" : "l", title: valueAxisTitle,
                    format: numberFormat, grid: true)
            }
        }
        if series.count > 1 || kind == .pie {
            xml.element("c:legend") { xml in
                xml.element("c:legendPos", ["val": kind == .pie ? "r" : "b"])
                xml.element("c:overlay", ["val": "0"])
                textProperties(&xml, colour: theme.text)
            }
        }
        xml.element("c:plotVisOnly", ["val": "1"])
        xml.element("c:dispBlanksAs", ["val": "gap"])
    }

    private func plot(_ xml: inout XMLBuffer) {
        switch kind {
        case .bar, .column:
            xml.element("c:barChart") { xml in
                xml.element("c:barDir", ["val": kind == .bar ? "bar" : "col"])
                xml.element("c:grouping", ["val": "clustered"])
                xml.element("c:varyColors", ["val": "0"])
                allSeries(&xml)
                xml.element("c:gapWidth", ["val": "60"])
                xml.element("c:overlap", ["val": series.count > 1 ? "-5" : "0"])
                axisIDs(&xml)
            }
        case .line, .area:
            xml.element(kind == .line ? "c:lineChart" : "c:areaChart") { xml in
                xml.element("c:grouping", ["val": "standard"])
                xml.element("c:varyColors", ["val": "0"])
                allSeries(&xml)
                if kind == .line { xml.element("c:marker", ["val": "1"]) }
                axisIDs(&xml)
            }
        case .pie:
            xml.element("c:pieChart") { xml in
                xml.element("c:varyColors", ["val": "1"])
                allSeries(&xml)
                xml.element("c:firstSliceAng", ["val": "0"])
            }
        case .scatter:
            xml.element("c:scatterChart") { xml in
                xml.element("c:scatterStyle", ["val": "lineMarker"])
                xml.element("c:varyColors", ["val": "0"])
                allSeries(&xml)
                axisIDs(&xml)
            }
        }
    }

    private func axisIDs(_ xml: inout XMLBuffer) {
        xml.element("c:axId", ["val": "1"])
        xml.element("c:axId", ["val": "2"])
    }

    private func allSeries(_ xml: inout XMLBuffer) {
        // A pie shows one series.
        let shown = kind == .pie ? Array(series.prefix(1)) : series
        for (index, series) in shown.enumerated() {
            xml.element("c:ser") { write(series, index, &$0) }
        }
    }

    private func write(_ series: Series, _ index: Int, _ xml: inout XMLBuffer) {
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
        shape(index, &xml)
        if kind == .bar || kind == .column { xml.element("c:invertIfNegative", ["val": "0"]) }
        if kind == .line || kind == .scatter {
            xml.element("c:marker") { xml in
                xml.element("c:symbol", ["val": "circle"])
                xml.element("c:size", ["val": kind == .line ? "6" : "8"])
                xml.element("c:spPr") { xml in
                    fill(index, &xml)
                    xml.element("a:ln") { $0.element("a:noFill") }
                }
            }
        }
        if kind == .pie {
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
        labels(series, &xml)
        categories(series, &xml)
        xml.element(kind == .scatter ? "c:yVal" : "c:val") { numbers(series.values, &$0) }
        if kind == .line || kind == .scatter { xml.element("c:smooth", ["val": "0"]) }
    }

    private func shape(_ index: Int, _ xml: inout XMLBuffer) {
        guard kind != .pie else { return }
        xml.element("c:spPr") { xml in
            switch kind {
            case .line:
                xml.element("a:ln", ["w": "31750", "cap": "rnd"]) { xml in
                    fill(index, &xml)
                    xml.element("a:round")
                }
            case .scatter: xml.element("a:ln", ["w": "19050"]) { $0.element("a:noFill") }
            case .bar, .column, .area, .pie: fill(index, &xml)
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

    private func labels(_ series: Series, _ xml: inout XMLBuffer) {
        let isBar = kind == .bar || kind == .column
        let shows =
            kind == .pie || isBar && self.series.count == 1 && series.values.numbers.count <= Self.labelledPoints
        guard shows else { return }
        xml.element("c:dLbls") { xml in
            xml.element("c:numFmt", ["formatCode": kind == .pie ? "0%" : format(numberFormat), "sourceLinked": "0"])
            xml.element("c:spPr") { xml in
                xml.element("a:noFill")
                xml.element("a:ln") { $0.element("a:noFill") }
            }
            textProperties(&xml, colour: theme.text)
            xml.element("c:dLblPos", ["val": "outEnd"])
            xml.element("c:showLegendKey", ["val": "0"])
            xml.element("c:showVal", ["val": kind == .pie ? "0" : "1"])
            xml.element("c:showCatName", ["val": "0"])
            xml.element("c:showSerName", ["val": "0"])
            xml.element("c:showPercent", ["val": kind == .pie ? "1" : "0"])
            xml.element("c:showBubbleSize", ["val": "0"])
        }
    }
}
