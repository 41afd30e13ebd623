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
        /// How it is drawn in a combined chart, and whether against the second axis.
        var kind: Chart.Kind?
        var isSecondary = false
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
    /// Series upon each other instead of beside.
    var isStacked = false
    /// Categories run from the right, values grow from there.
    var isRightToLeft = false

    /// More labels than this would overlap.
    static let labelledPoints = 12

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
            let groups = groups
            for group in groups { plot(group, &xml) }
            axes(hasSecondary: groups.contains(where: \.isSecondary), &xml)
        }
        if series.count > 1 || kind.isRound {
            xml.element("c:legend") { xml in
                xml.element("c:legendPos", ["val": kind.isRound ? (isRightToLeft ? "l" : "r") : "b"])
                xml.element("c:overlay", ["val": "0"])
                textProperties(&xml, colour: theme.text)
            }
        }
        xml.element("c:plotVisOnly", ["val": "1"])
        xml.element("c:dispBlanksAs", ["val": "gap"])
    }

    /// Series that are drawn in one way against one axis.
    struct Group {
        var kind: Chart.Kind
        var isSecondary: Bool
        var members: [(index: Int, series: Series)]
    }

    /// What lies behind comes first: areas, columns, lines.
    private var groups: [Group] {
        let all = Array(series.enumerated())
        guard kind == .combined else {
            // A pie shows one series.
            let shown = kind.isRound ? Array(all.prefix(1)) : all
            return [Group(kind: kind, isSecondary: false, members: shown.map { ($0.offset, $0.element) })]
        }
        var groups: [Group] = []
        for drawn in [Chart.Kind.area, .column, .line] {
            for isSecondary in [false, true] {
                let members = all.filter {
                    ($0.element.kind ?? .column) == drawn && $0.element.isSecondary == isSecondary
                }
                guard !members.isEmpty else { continue }
                groups.append(
                    Group(kind: drawn, isSecondary: isSecondary, members: members.map { ($0.offset, $0.element) }))
            }
        }
        return groups
    }

    private func plot(_ group: Group, _ xml: inout XMLBuffer) {
        let grouping = isStacked ? "stacked" : "standard"
        switch group.kind {
        case .bar, .column, .combined:
            xml.element("c:barChart") { xml in
                xml.element("c:barDir", ["val": group.kind == .bar ? "bar" : "col"])
                xml.element("c:grouping", ["val": isStacked ? "stacked" : "clustered"])
                xml.element("c:varyColors", ["val": "0"])
                members(group, &xml)
                xml.element("c:gapWidth", ["val": "60"])
                xml.element("c:overlap", ["val": isStacked ? "100" : group.members.count > 1 ? "-5" : "0"])
                axisIDs(group, &xml)
            }
        case .line, .area:
            xml.element(group.kind == .line ? "c:lineChart" : "c:areaChart") { xml in
                xml.element("c:grouping", ["val": group.kind == .area ? grouping : "standard"])
                xml.element("c:varyColors", ["val": "0"])
                members(group, &xml)
                if group.kind == .line { xml.element("c:marker", ["val": "1"]) }
                axisIDs(group, &xml)
            }
        case .pie, .doughnut:
            xml.element(group.kind == .pie ? "c:pieChart" : "c:doughnutChart") { xml in
                xml.element("c:varyColors", ["val": "1"])
                members(group, &xml)
                xml.element("c:firstSliceAng", ["val": "0"])
                if group.kind == .doughnut { xml.element("c:holeSize", ["val": "62"]) }
            }
        case .scatter:
            xml.element("c:scatterChart") { xml in
                xml.element("c:scatterStyle", ["val": "lineMarker"])
                xml.element("c:varyColors", ["val": "0"])
                members(group, &xml)
                axisIDs(group, &xml)
            }
        }
    }

    private func axisIDs(_ group: Group, _ xml: inout XMLBuffer) {
        for id in group.isSecondary ? ["3", "4"] : ["1", "2"] { xml.element("c:axId", ["val": id]) }
    }

    private func members(_ group: Group, _ xml: inout XMLBuffer) {
        for (index, series) in group.members {
            xml.element("c:ser") { write(series, index, group, &$0) }
        }
    }
}
