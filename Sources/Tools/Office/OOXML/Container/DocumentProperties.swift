/// `docProps/core.xml` and `docProps/app.xml`.
struct DocumentProperties {
    var title: String
    var author: String
    var language: String
    /// ISO 8601 in UTC, `2026-03-01T09:30:00Z`; `nil` leaves the dates out.
    var created: String?

    func add(to package: inout OfficePackage) {
        package.add("/docProps/core.xml", type: OfficeType.corePart, core)
        package.add("/docProps/app.xml", type: OfficeType.extendedPart, app)
        _ = package.relate("/", to: "/docProps/core.xml", type: OfficeType.coreProperties)
        _ = package.relate("/", to: "/docProps/app.xml", type: OfficeType.extendedProperties)
    }

    private var core: [UInt8] {
        var xml = XMLBuffer()
        xml.element(
            "cp:coreProperties",
            [
                "xmlns:cp": "http://schemas.openxmlformats.org/package/2006/metadata/core-properties",
                "xmlns:dc": "http://purl.org/dc/elements/1.1/", "xmlns:dcterms": "http://purl.org/dc/terms/",
                "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            ]
        ) { xml in
            xml.element("dc:title", text: title)
            xml.element("dc:creator", text: author)
            xml.element("cp:lastModifiedBy", text: author)
            xml.element("dc:language", text: language)
            if let created {
                xml.element("dcterms:created", ["xsi:type": "dcterms:W3CDTF"], text: created)
                xml.element("dcterms:modified", ["xsi:type": "dcterms:W3CDTF"], text: created)
            }
        }
        return xml.bytes
    }

    private var app: [UInt8] {
        var xml = XMLBuffer()
        let space = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"
        xml.element("Properties", ["xmlns": space]) { $0.element("Application", text: "Persona Platform") }
        return xml.bytes
    }
}
