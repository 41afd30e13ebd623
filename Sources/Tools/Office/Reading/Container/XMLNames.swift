/// Short names for the namespaces of office formats, so that `w:p` means the same whatever prefix a file uses, and in
/// the strict and the transitional form of ECMA-376.
enum XMLNames {
    static func prefix(of uri: String) -> String {
        if let known = known[uri] { return known }
        // Strict: http://purl.oclc.org/ooxml/wordprocessingml/main
        let strict = "http://purl.oclc.org/ooxml/"
        if uri.hasPrefix(strict) {
            let rest = uri.dropFirst(strict.count)
            return known["http://schemas.openxmlformats.org/" + Self.transitional(String(rest))] ?? "?"
        }
        return "?"
    }

    private static func transitional(_ path: String) -> String {
        let steps = path.split(separator: "/", maxSplits: 1)
        guard steps.count == 2 else { return path }
        return "\(steps[0])/2006/\(steps[1])"
    }

    private static let known: [String: String] = {
        let office = "http://schemas.openxmlformats.org/"
        let open = "urn:oasis:names:tc:opendocument:xmlns:"
        return [
            office + "wordprocessingml/2006/main": "w",
            office + "presentationml/2006/main": "p",
            office + "spreadsheetml/2006/main": "s",
            office + "drawingml/2006/main": "a",
            office + "drawingml/2006/chart": "c",
            office + "drawingml/2006/diagram": "dgm",
            office + "drawingml/2006/picture": "pic",
            office + "drawingml/2006/wordprocessingDrawing": "wp",
            office + "drawingml/2006/spreadsheetDrawing": "xdr",
            office + "officeDocument/2006/relationships": "r",
            office + "officeDocument/2006/math": "m",
            office + "officeDocument/2006/extended-properties": "ep",
            office + "officeDocument/2006/extendedProperties": "ep",
            office + "package/2006/relationships": "rel",
            office + "package/2006/metadata/core-properties": "cp",
            office + "markup-compatibility/2006": "mc",
            "http://purl.org/dc/elements/1.1/": "dc",
            "http://purl.org/dc/terms/": "dcterms",
            "urn:schemas-microsoft-com:vml": "v",
            "http://www.w3.org/1999/xlink": "xlink",
            open + "office:1.0": "office", open + "text:1.0": "text", open + "table:1.0": "table",
            open + "drawing:1.0": "draw", open + "presentation:1.0": "presentation", open + "meta:1.0": "meta",
            open + "style:1.0": "style", open + "manifest:1.0": "manifest", open + "svg-compatible:1.0": "svg",
            open + "xsl-fo-compatible:1.0": "fo",
        ]
    }()
}
