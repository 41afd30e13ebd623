package import DocumentModel

/// New data for a chart that exists: its look is kept, its cells and its embedded workbook are written anew.
extension DeckPackage {
    /// `number` counts the charts of a slide from 1.
    mutating func setChart(_ number: Int, ofSlide slide: Int, to data: ChartData) throws(OOXMLError) {
        let entry = try self.slide(slide)
        let outline = try XMLOutline(package.bytes(entry.part))
        let ids = outline.all("chart").compactMap { outline.nodes[$0].prefixed("id") }
        let relation = try package.relationships(of: entry.part)
        let parts = ids.compactMap { id in relation.first { $0.id == id && $0.kind == "chart" }?.target }
        guard parts.indices.contains(number - 1) else {
            throw OOXMLError("chart_missing", "Slide \(slide) has \(parts.count) charts; there is no chart \(number).")
        }
        try setChart(parts[number - 1], to: data)
    }

    private mutating func setChart(_ part: String, to data: ChartData) throws(OOXMLError) {
        let outline = try XMLOutline(package.bytes(part))
        guard outline.nodes.first?.name == "chartSpace", outline.nodes[0].prefix == "c" else {
            throw OOXMLError("chart_unsupported", "The chart's data cannot be changed.")
        }
        let isScatter = outline.first("scatterChart") != nil || outline.first("bubbleChart") != nil
        let chart = Chart(
            kind: isScatter ? .scatter : .column, categories: isScatter ? [] : data.categories, series: data.series)
        if let fault = chart.validate().first { throw OOXMLError("document_invalid", fault.description) }
        let workbook = ChartWorkbook(chart)
        let bytes = try Spreadsheet.bytes(of: workbook.workbook)
        var edit = ChartEdit(outline: outline, part: ChartPart(chart, series: workbook.series))
        if let target = try package.target(of: part, "package"), package.contains(target) {
            package.replace(target, bytes)
        } else {
            let name = package.freeName("/ppt/embeddings/Microsoft_Excel_Sheet", "xlsx")
            package.add(name, type: OfficeType.workbookPackage, bytes)
            edit.workbook = try package.relate(part, to: name, type: OfficeType.embedded)
        }
        package.replace(part, try edit.apply())
    }
}

/// Categories and series for a chart that exists.
package struct ChartData: Sendable, Hashable, Codable {
    package var categories: [String]
    package var series: [Chart.Series]

    package init(categories: [String], series: [Chart.Series]) {
        self.categories = categories
        self.series = series
    }
}

extension ChartPart {
    /// For its data alone.
    fileprivate init(_ chart: Chart, series: [Series]) {
        self.init(chart, series: series, theme: .light, fontSize: 1_200, workbookID: nil, isRightToLeft: false)
    }
}

private struct ChartEdit {
    var outline: XMLOutline
    let part: ChartPart
    /// Relationship of a workbook that the chart did not have.
    var workbook: String?

    mutating func apply() throws(OOXMLError) -> [UInt8] {
        let members = outline.all("ser")
        guard let last = members.last else {
            throw OOXMLError("chart_unsupported", "The chart has no series whose data could be changed.")
        }
        for (index, series) in part.series.enumerated() where members.indices.contains(index) {
            try set(series, members[index])
        }
        for index in members.dropFirst(part.series.count) { outline.remove(index) }
        if part.series.count > members.count {
            // New series look as the last one does, but take a colour of their own.
            let place = outline.nodes[last].end.upperBound
            for index in members.count..<part.series.count {
                outline.replace(place..<place, with: try copy(of: last, as: part.series[index], number: index))
            }
        }
        if let workbook, outline.first("externalData") == nil {
            let data = XMLOutline.fragment { xml in
                xml.element("c:externalData", ["xmlns:r": OfficeType.relationships, "r:id": workbook]) {
                    $0.element("c:autoUpdate", ["val": "0"])
                }
            }
            // Last but the user's shapes and extensions (CT_ChartSpace).
            if let next = ["userShapes", "extLst"].compactMap({ outline.child($0, of: 0) }).first {
                outline.insert(data, before: next)
            } else {
                outline.append(data, to: 0)
            }
        }
        return outline.edited
    }

    private mutating func set(_ series: ChartPart.Series, _ index: Int) throws(OOXMLError) {
        for (names, content) in pieces(of: series) {
            if let child = names.compactMap({ outline.child($0, of: index) }).first {
                outline.replace(outline.nodes[child].whole, with: content)
            } else {
                // In the order of the schema: names before looks, data after them.
                let before =
                    names[0] == "tx"
                    ? ["spPr", "cat", "xVal", "val", "yVal"]
                    : ["val", "yVal", "bubbleSize", "smooth", "shape", "extLst"]
                if let next = before.compactMap({ outline.child($0, of: index) }).first {
                    outline.insert(content, before: next)
                } else {
                    outline.append(content, to: index)
                }
            }
        }
    }

    /// The elements that hold data, as they are to be.
    private func pieces(of series: ChartPart.Series) -> [(names: [String], content: [UInt8])] {
        let isScatter = part.kind == .scatter
        return [
            (["tx"], XMLOutline.fragment { part.name(series, &$0) }),
            (["cat", "xVal"], XMLOutline.fragment { part.categories(series, &$0) }),
            (
                ["val", "yVal"],
                XMLOutline.fragment { xml in
                    xml.element(isScatter ? "c:yVal" : "c:val") { part.numbers(series.values, &$0) }
                }
            ),
        ]
    }

    private func copy(of index: Int, as series: ChartPart.Series, number: Int) throws(OOXMLError) -> [UInt8] {
        let space = outline.nodes[0].attributes.filter { $0.prefix == "xmlns" }
        let declarations = space.map { " xmlns:\($0.name)=\"\($0.value)\"" }.joined()
        let whole = outline.raw(outline.nodes[index].whole)
        var copy = ChartEdit(
            outline: try XMLOutline(Array("<x\(declarations)>".utf8) + whole + Array("</x>".utf8)), part: part)
        guard let own = copy.outline.first("ser") else { return [] }
        for name in ["idx", "order"] {
            if let child = copy.outline.child(name, of: own) {
                copy.outline.replace(
                    copy.outline.nodes[child].whole, with: Array("<c:\(name) val=\"\(number)\"/>".utf8))
            }
        }
        // Points that were set off belong to the old series; its extension names it by an id of its own.
        for name in ["dPt", "extLst"] {
            for child in copy.outline.children(name, of: own) { copy.outline.remove(child) }
        }
        if let look = copy.outline.child("spPr", of: own), let fill = copy.outline.child("solidFill", of: look) {
            copy.outline.replace(
                copy.outline.nodes[fill].inner, with: Array("<a:schemeClr val=\"accent\(number % 6 + 1)\"/>".utf8))
        }
        try copy.set(series, own)
        let edited = try XMLOutline(copy.outline.edited)
        guard let first = edited.first("ser") else { return [] }
        return edited.raw(edited.nodes[first].whole)
    }
}
