import FoundationEssentials
import Glibc
import Testing

/// Reads PDFs with poppler and qpdf, which know nothing of how we write them.
struct Reader {
    let path: String

    init(_ bytes: [UInt8]) throws {
        path = FileManager.default.temporaryDirectory.path + "/report-\(UUID().uuidString).pdf"
        try Data(bytes).write(to: URL(filePath: path))
    }

    func remove() { unlink(path) }

    func text(_ options: String = "-layout") throws -> String { try run("pdftotext \(options) '\(path)' -") }
    func info(_ options: String = "") throws -> String { try run("pdfinfo \(options) '\(path)'") }
    func check() throws -> String { try run("qpdf --check '\(path)' 2>&1") }
    func fonts() throws -> String { try run("pdffonts '\(path)'") }

    /// The first page as a JPEG.
    func photograph() throws -> [UInt8] {
        defer { unlink(path + ".jpg") }
        _ = try run("pdftoppm -jpeg -r 20 -singlefile '\(path)' '\(path)'")
        return Array(try Data(contentsOf: URL(filePath: path + ".jpg")))
    }

    /// Standard output; a failing command fails the test.
    private func run(_ command: String) throws -> String {
        let output = path + ".out"
        defer { unlink(output) }
        let status = system("\(command) > '\(output)'")
        let text = try String(contentsOf: URL(filePath: output), encoding: .utf8)
        #expect(status == 0, "\(command): \(text)")
        return text
    }
}

/// Runs `body` with the file's path and removes it afterwards.
func reading<Value>(_ bytes: [UInt8], _ body: (Reader) throws -> Value) throws -> Value {
    let reader = try Reader(bytes)
    defer { reader.remove() }
    return try body(reader)
}
