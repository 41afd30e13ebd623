import CLibZip
import Domain
import ToolKit

/// Cells of XLSX workbooks (ECMA-376, part 1, section 18), as far as queries need them: values, shared texts, dates by
/// number format. Formulas give the value that was saved with them.
package enum SheetReader {
    /// Bytes of one part once unpacked, and of all: a sheet of half a million rows has about 200 MB.
    static let mostPartBytes = 256 * 1024 * 1024
    static let mostBytes = 400 * 1024 * 1024
    static let mostSheets = 200

    /// The sheets in their order. Throws `ToolFailure` for what is no workbook or goes beyond the bounds.
    package static func sheets(of bytes: [UInt8]) throws -> [SheetCells] {
        let package = try SheetPackage(bytes)
        guard let workbook = try package.part("xl/workbook.xml") else { throw invalid("it has no workbook part") }
        var targets: [String: String] = [:]
        for tag in try SheetXML.tags(of: try package.part("xl/_rels/workbook.xml.rels") ?? [], named: "Relationship") {
            if let id = tag["Id"], let target = tag["Target"] { targets[id] = target }
        }
        let texts = try sharedTexts(package)
        let styles = try SheetStyles(try package.part("xl/styles.xml") ?? [])
        var isFrom1904 = false
        var sheets: [SheetCells] = []
        for tag in try SheetXML.tags(of: workbook, named: "workbookPr") {
            isFrom1904 = ["1", "true"].contains(tag["date1904"] ?? "")
        }
        for tag in try SheetXML.tags(of: workbook, named: "sheet").prefix(mostSheets) {
            guard let name = tag["name"], let target = tag["r:id"].flatMap({ targets[$0] }) else { continue }
            let path = target.hasPrefix("/") ? String(target.dropFirst()) : "xl/\(target)"
            guard let part = try package.part(path) else { continue }
            var cells = SheetCellReader(texts: texts, styles: styles, isFrom1904: isFrom1904)
            try SheetXML.read(part, &cells)
            sheets.append(SheetCells(name: name, rows: cells.rows))
        }
        guard !sheets.isEmpty else { throw invalid("it has no sheets") }
        return sheets
    }

    private static func sharedTexts(_ package: SheetPackage) throws -> [String] {
        guard let part = try package.part("xl/sharedStrings.xml") else { return [] }
        var reader = SharedTextReader()
        try SheetXML.read(part, &reader)
        return reader.texts
    }

    static func invalid(_ reason: String) -> ToolFailure {
        ToolFailure(.invalidInput, code: "xlsx_invalid", "The file is no XLSX workbook that can be read: \(reason).")
    }
}

/// Parts of a package, unpacked one by one within the bounds.
final class SheetPackage {
    private let archive: OpaquePointer
    private let bytes: UnsafeMutableRawPointer
    private var left = SheetReader.mostBytes

    init(_ content: [UInt8]) throws(ToolFailure) {
        let copy = UnsafeMutableRawPointer.allocate(byteCount: max(1, content.count), alignment: 16)
        content.withUnsafeBytes { copy.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(copy), byteCount: $0.count) }
        var error = zip_error_t()
        zip_error_init(&error)
        defer { zip_error_fini(&error) }
        guard let source = zip_source_buffer_create(copy, UInt64(content.count), 0, &error) else {
            copy.deallocate()
            throw SheetReader.invalid("memory is short")
        }
        guard let archive = zip_open_from_source(source, ZIP_RDONLY, &error) else {
            zip_source_free(source)
            copy.deallocate()
            throw SheetReader.invalid("it is no ZIP archive, or a damaged one")
        }
        self.archive = archive
        bytes = copy
    }

    deinit {
        zip_discard(archive)
        bytes.deallocate()
    }

    func part(_ name: String) throws(ToolFailure) -> [UInt8]? {
        guard let file = zip_fopen(archive, name, 0) else { return nil }
        defer { zip_fclose(file) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        while true {
            let count = buffer.withUnsafeMutableBytes { zip_fread(file, $0.baseAddress, UInt64($0.count)) }
            guard count >= 0 else { throw SheetReader.invalid("the part \(name) is damaged") }
            if count == 0 { return content }
            left -= Int(count)
            guard left >= 0, content.count + Int(count) <= SheetReader.mostPartBytes else {
                throw SheetReader.invalid("it unpacks to more than \(SheetReader.mostBytes) bytes")
            }
            content += buffer[..<Int(count)]
        }
    }
}
