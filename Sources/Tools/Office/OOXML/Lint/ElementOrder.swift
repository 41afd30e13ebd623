/// The order in which ECMA-376 part 1 wants the children of elements: Office refuses a file over it.
extension OfficeLint {
    /// By content type's ending, then by parent.
    private static let orders: [String: [String: [String]]] = [
        ".main+xml": ["workbook": workbook, "document": ["background", "body"], "presentation": presentation],
        ".worksheet+xml": ["worksheet": worksheet],
        ".styles+xml": [
            "styleSheet": [
                "numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles",
                "colors", "extLst",
            ],
            "border": ["start", "end", "left", "right", "top", "bottom", "diagonal", "vertical", "horizontal"],
            "xf": ["alignment", "protection", "extLst"],
            "dxf": ["font", "numFmt", "fill", "alignment", "border", "protection", "extLst"],
            "style": [
                "name", "aliases", "basedOn", "next", "link", "autoRedefine", "hidden", "uiPriority", "semiHidden",
                "unhideWhenUsed", "qFormat", "locked", "personal", "personalCompose", "personalReply", "rsid", "pPr",
                "rPr", "tblPr", "trPr", "tcPr", "tblStylePr",
            ],
        ],
        ".table+xml": ["table": ["autoFilter", "sortState", "tableColumns", "tableStyleInfo", "extLst"]],
        ".slide+xml": slideParts, ".slideLayout+xml": slideParts, ".slideMaster+xml": slideParts,
        ".notesSlide+xml": slideParts,
        ".chart+xml": [
            "chartSpace": [
                "date1904", "lang", "roundedCorners", "AlternateContent", "style", "clrMapOvr", "pivotSource",
                "protection", "chart", "spPr", "txPr", "externalData", "printSettings", "userShapes", "extLst",
            ],
            "chart": [
                "title", "autoTitleDeleted", "pivotFmts", "view3D", "floor", "sideWall", "backWall", "plotArea",
                "legend", "plotVisOnly", "dispBlanksAs", "showDLblsOverMax", "extLst",
            ],
        ],
    ]

    private static let workbook = [
        "fileVersion", "fileSharing", "workbookPr", "AlternateContent", "revisionPtr", "absPath", "workbookProtection",
        "bookViews", "sheets", "functionGroups", "externalReferences", "definedNames", "calcPr", "oleSize",
        "customWorkbookViews", "pivotCaches", "smartTagPr", "smartTagTypes", "webPublishing", "fileRecoveryPr",
        "webPublishObjects", "extLst",
    ]
    static let worksheet = [
        "sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr", "sheetProtection",
        "protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate", "customSheetViews", "mergeCells",
        "phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions", "pageMargins",
        "pageSetup", "headerFooter", "rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors",
        "smartTags", "drawing", "legacyDrawing", "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls",
        "webPublishItems", "tableParts", "extLst",
    ]
    private static let presentation = [
        "sldMasterIdLst", "notesMasterIdLst", "handoutMasterIdLst", "sldIdLst", "sldSz", "notesSz", "smartTags",
        "embeddedFontLst", "custShowLst", "photoAlbum", "custDataLst", "kinsoku", "defaultTextStyle", "modifyVerifier",
        "extLst",
    ]
    private static let slideParts: [String: [String]] = [
        "sld": ["cSld", "clrMapOvr", "transition", "AlternateContent", "timing", "extLst"],
        "sldLayout": ["cSld", "clrMapOvr", "transition", "AlternateContent", "timing", "hf", "extLst"],
        "sldMaster": [
            "cSld", "clrMap", "sldLayoutIdLst", "transition", "AlternateContent", "timing", "hf", "txStyles", "extLst",
        ],
        "notes": ["cSld", "clrMapOvr", "extLst"],
        "cSld": ["bg", "spTree", "custDataLst", "controls", "extLst"],
        "sp": ["nvSpPr", "spPr", "style", "txBody", "extLst"],
        "pic": ["nvPicPr", "blipFill", "spPr", "style", "extLst"],
        "txBody": ["bodyPr", "lstStyle", "p"],
        "tbl": ["tblPr", "tblGrid", "tr"],
        "tc": ["txBody", "tcPr", "extLst"],
    ]

    mutating func checkOrder(_ tree: XMLElement, _ part: String) {
        guard let type = package.contentType(of: part),
            let orders = Self.orders.first(where: { type.hasSuffix($0.key) })?.value
        else { return }
        var found: [String] = []
        tree.descend { element in
            if let order = orders[element.name] { found += Self.misplaced(element.children, order, in: element) }
        }
        for text in found { report(part, "element_order", text) }
    }

    private static func misplaced(_ children: [XMLElement], _ order: [String], in parent: XMLElement) -> [String] {
        var last = 0
        for child in children where child.prefix == parent.prefix || child.name == "AlternateContent" {
            guard let place = order.firstIndex(of: child.name) else {
                return ["<\(child.name)> has no place in <\(parent.name)>."]
            }
            guard place >= last else { return ["<\(child.name)> stands too late in <\(parent.name)>."] }
            last = place
        }
        return []
    }

    /// The same for a worksheet, whose children come one by one.
    mutating func checkWorksheetOrder(_ name: String, _ last: inout Int, _ part: String) {
        guard let place = Self.worksheet.firstIndex(of: name) else {
            if name != "AlternateContent" { report(part, "element_order", "<\(name)> has no place in <worksheet>.") }
            return
        }
        require(place >= last, part, "element_order", "<\(name)> stands too late in <worksheet>.")
        require(
            place != last || name == "conditionalFormatting" || last == 0, part, "element_order",
            "There are two <\(name)> in <worksheet>.")
        last = place
    }
}
