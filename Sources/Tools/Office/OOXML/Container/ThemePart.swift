import DocumentModel

/// A DrawingML theme part (ECMA-376 part 1, section 20.1.6) from the document's tokens.
struct ThemePart {
    var theme: Theme

    var bytes: [UInt8] {
        var xml = XMLBuffer()
        xml.element("a:theme", ["xmlns:a": OfficeType.drawingSpace, "name": theme.name]) { xml in
            xml.element("a:themeElements") { xml in
                colours(&xml)
                fonts(&xml)
                formats(&xml)
            }
            xml.element("a:objectDefaults")
            xml.element("a:extraClrSchemeLst")
        }
        return xml.bytes
    }

    private func colours(_ xml: inout XMLBuffer) {
        var named = [("dk1", theme.text), ("lt1", theme.background), ("dk2", theme.heading), ("lt2", theme.surface)]
        for index in 0..<6 {
            named.append(("accent\(index + 1)", index < theme.palette.count ? theme.palette[index] : theme.accent))
        }
        named += [("hlink", theme.link), ("folHlink", theme.muted)]
        xml.element("a:clrScheme", ["name": theme.name]) { xml in
            for (name, value) in named {
                xml.element("a:\(name)") { $0.element("a:srgbClr", ["val": value.uppercased()]) }
            }
        }
    }

    private func fonts(_ xml: inout XMLBuffer) {
        xml.element("a:fontScheme", ["name": theme.name]) { xml in
            for (name, font) in [("a:majorFont", theme.headingFont), ("a:minorFont", theme.bodyFont)] {
                xml.element(name) { xml in
                    xml.element("a:latin", ["typeface": font])
                    xml.element("a:ea", ["typeface": ""])
                    xml.element("a:cs", ["typeface": ""])
                }
            }
        }
    }

    /// The schema wants three fills, lines, effects and backgrounds; flat ones are all that is used.
    private func formats(_ xml: inout XMLBuffer) {
        func fill(_ xml: inout XMLBuffer) {
            xml.element("a:solidFill") { $0.element("a:schemeClr", ["val": "phClr"]) }
        }
        xml.element("a:fmtScheme", ["name": "Flat"]) { xml in
            xml.element("a:fillStyleLst") { xml in
                for _ in 0..<3 { fill(&xml) }
            }
            xml.element("a:lnStyleLst") { xml in
                for width in [6350, 12700, 19050] {
                    xml.element("a:ln", ["w": "\(width)", "cap": "flat", "cmpd": "sng", "algn": "ctr"]) { xml in
                        fill(&xml)
                        xml.element("a:prstDash", ["val": "solid"])
                    }
                }
            }
            xml.element("a:effectStyleLst") { xml in
                for _ in 0..<3 { xml.element("a:effectStyle") { $0.element("a:effectLst") } }
            }
            xml.element("a:bgFillStyleLst") { xml in
                for _ in 0..<3 { fill(&xml) }
            }
        }
    }
}
