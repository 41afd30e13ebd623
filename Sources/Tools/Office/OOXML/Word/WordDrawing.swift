import DocumentModel

extension WordWriter {
    /// English Metric Units: of a point, and of the text's width on A4.
    private static let point = 12_700
    private static let textWidth = 471 * point

    mutating func write(_ chart: Chart, _ xml: inout XMLBuffer) throws(OOXMLError) {
        charts += 1
        let name = "/word/charts/chart\(charts).xml"
        let workbook = "/word/embeddings/Microsoft_Excel_Sheet\(charts).xlsx"
        let data = ChartWorkbook(chart)
        package.add(workbook, type: OfficeType.workbookPackage, try Spreadsheet.bytes(of: data.workbook))
        let part = ChartPart(
            kind: chart.kind, title: chart.title, series: data.series, categoryAxisTitle: chart.categoryAxisTitle,
            valueAxisTitle: chart.valueAxisTitle, numberFormat: chart.numberFormat, theme: report.theme,
            fontSize: 900, workbookID: package.relate(name, to: workbook, type: OfficeType.embedded))
        package.add(name, type: OfficeType.chartPart, part.bytes)
        let id = package.relate(WordType.document, to: name, type: OfficeType.chart)
        let names = chart.series.prefix(8).map(\.name).filter { !$0.isEmpty }.joined(separator: ", ")
        let made = [chart.title ?? "", names].filter { !$0.isEmpty }.joined(separator: ": ")
        let text = chart.altText.flatMap { $0.isEmpty ? nil : $0 } ?? made
        inline(text, (Self.textWidth, 215 * Self.point), uri: OfficeType.chartSpace, &xml) { xml in
            xml.element("c:chart", ["r:id": id])
        }
    }

    mutating func write(_ image: Image, _ xml: inout XMLBuffer) throws(OOXMLError) {
        guard let bytes = pictures[image.path], let header = ImageHeader(bytes) else {
            throw OOXMLError("image_unreadable", "The picture '\(image.path.prefix(200))' is neither PNG nor JPEG.")
        }
        let isPNG = header.kind == .png
        let id: String
        if let known = images[image.path] {
            id = known
        } else {
            let name = "/word/media/image\(images.count + 1).\(isPNG ? "png" : "jpeg")"
            package.add(name, type: isPNG ? "image/png" : "image/jpeg", bytes)
            id = package.relate(WordType.document, to: name, type: OfficeType.image)
            images[image.path] = id
        }
        // 96 pixels an inch, no wider than the text and no higher than half a page.
        let scale = min(1, 471 / (Double(header.width) * 0.75), 400 / (Double(header.height) * 0.75))
        let size = (
            Int(Double(header.width) * 0.75 * scale * Double(Self.point)),
            Int(Double(header.height) * 0.75 * scale * Double(Self.point))
        )
        // The frame's id comes before the picture's own.
        let number = drawings + 2
        defer { drawings += 1 }
        inline(image.altText, size, uri: WordType.picture, &xml) { xml in
            xml.element("pic:pic") { xml in
                xml.element("pic:nvPicPr") { xml in
                    xml.element("pic:cNvPr", ["id": "\(number)", "name": "Picture \(number)", "descr": image.altText])
                    xml.element("pic:cNvPicPr")
                }
                xml.element("pic:blipFill") { xml in
                    xml.element("a:blip", ["r:embed": id])
                    xml.element("a:stretch") { $0.element("a:fillRect") }
                }
                xml.element("pic:spPr") { xml in
                    xml.element("a:xfrm") { xml in
                        xml.element("a:off", ["x": "0", "y": "0"])
                        xml.element("a:ext", ["cx": "\(size.0)", "cy": "\(size.1)"])
                    }
                    xml.element("a:prstGeom", ["prst": "rect"]) { $0.element("a:avLst") }
                }
            }
        }
        let caption = [image.caption ?? "", image.source.map { "[\($0)]" } ?? ""].filter { !$0.isEmpty }
        if !caption.isEmpty { paragraph("Caption", &xml) { self.text(caption.joined(separator: " "), &$0) } }
    }

    private mutating func inline(
        _ text: String, _ size: (Int, Int), uri: String, _ xml: inout XMLBuffer, _ body: (inout XMLBuffer) -> Void
    ) {
        drawings += 1
        let id = drawings
        paragraph("Figure", &xml) { xml in
            xml.element("w:r") { xml in
                xml.element("w:drawing") { xml in
                    xml.element("wp:inline", ["distT": "0", "distB": "0", "distL": "0", "distR": "0"]) { xml in
                        xml.element("wp:extent", ["cx": "\(max(1, size.0))", "cy": "\(max(1, size.1))"])
                        xml.element("wp:docPr", ["id": "\(id)", "name": "Drawing \(id)", "descr": text])
                        xml.element("wp:cNvGraphicFramePr")
                        xml.element("a:graphic") { xml in
                            xml.element("a:graphicData", ["uri": uri]) { body(&$0) }
                        }
                    }
                }
            }
        }
    }
}
