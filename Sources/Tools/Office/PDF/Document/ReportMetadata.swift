import DocumentModel

/// What a file says of itself, once for the information dictionary and once as XMP, which must agree
/// (ISO 19005-2, section 6.6.3).
struct ReportMetadata {
    static let program = "Persona Platform"

    let title: String
    let author: String
    let subject: String?
    let language: String
    /// ISO 8601.
    let created: String?

    init(_ report: Report, _ options: PDFOptions) {
        title = report.title.printable
        author = report.author.printable
        subject = report.subtitle.flatMap { $0.isEmpty ? nil : $0.printable }
        language = report.language
        created = options.creationDate.flatMap { Self.date($0) == nil ? nil : $0 }
    }

    var information: String {
        var entries = "/Title \(PDFText.string(title))"
        if !author.isEmpty { entries += " /Author \(PDFText.string(author))" }
        if let subject { entries += " /Subject \(PDFText.string(subject))" }
        entries += " /Creator (\(Self.program)) /Producer (\(Self.program))"
        if let date = created.flatMap(Self.date) { entries += " /CreationDate (\(date)) /ModDate (\(date))" }
        return "<< \(entries) >>"
    }

    /// `2026-03-01T10:00:00Z` as `D:20260301100000Z` (ISO 32000-1, section 7.9.4).
    private static func date(_ text: String) -> String? {
        let digits = text.prefix(19).filter(\.isNumber)
        guard digits.count == 14, text.hasSuffix("Z") else { return nil }
        return "D:\(digits)Z"
    }

    func packet(part: Int) -> String {
        let author =
            author.isEmpty ? "" : "<dc:creator><rdf:Seq><rdf:li>\(Self.escaped(author))</rdf:li></rdf:Seq></dc:creator>"
        let subject = subject.map { "<dc:description>\(Self.alternative($0))</dc:description>" } ?? ""
        let created =
            created.map { "<xmp:CreateDate>\($0)</xmp:CreateDate><xmp:ModifyDate>\($0)</xmp:ModifyDate>" } ?? ""
        return """
            <?xpacket begin="\u{FEFF}" id="W5M0MpCehiHzreSzNTczkc9d"?>
            <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
            <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" \
            xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" \
            xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
            <dc:format>application/pdf</dc:format><dc:title>\(Self.alternative(title))</dc:title>\(author)\(subject)
            <dc:language><rdf:Bag><rdf:li>\(Self.escaped(language))</rdf:li></rdf:Bag></dc:language>
            <xmp:CreatorTool>\(Self.program)</xmp:CreatorTool>\(created)<pdf:Producer>\(Self.program)</pdf:Producer>
            <pdfaid:part>\(part)</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>
            <pdfuaid:part>1</pdfuaid:part>
            </rdf:Description>
            <rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" \
            xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" \
            xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"><pdfaExtension:schemas><rdf:Bag>\
            <rdf:li rdf:parseType="Resource"><pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>\
            <pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>\
            <pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>\
            <rdf:li rdf:parseType="Resource"><pdfaProperty:name>part</pdfaProperty:name>\
            <pdfaProperty:valueType>Integer</pdfaProperty:valueType>\
            <pdfaProperty:category>internal</pdfaProperty:category>\
            <pdfaProperty:description>Part of ISO 14289</pdfaProperty:description></rdf:li></rdf:Seq>\
            </pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
            </rdf:RDF></x:xmpmeta>
            <?xpacket end="r"?>
            """
    }

    private static func alternative(_ text: String) -> String {
        "<rdf:Alt><rdf:li xml:lang=\"x-default\">\(escaped(text))</rdf:li></rdf:Alt>"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}

extension EmbeddedFile {
    /// By the name's ending.
    var mediaType: String {
        switch name.split(separator: ".").last?.lowercased() {
        case "csv": "text/csv"
        case "txt": "text/plain"
        case "json": "application/json"
        case "xml": "application/xml"
        case "pdf": "application/pdf"
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        case "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        case "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation"
        default: "application/octet-stream"
        }
    }
}
