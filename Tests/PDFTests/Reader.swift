import FoundationEssentials
import Glibc
import TestKit
import Testing

/// Reads PDFs with poppler and qpdf, which know nothing of how we write them.
struct Reader {
    let path: String

    init(_ bytes: [UInt8]) throws {
        path = FileManager.default.temporaryDirectory.path + "/report-\(UUID().uuidString).pdf"
        try Data(bytes).write(to: URL(filePath: path))
    }

    func remove() { unlink(path) }

    func text(_ options: String = "-layout") async throws -> String {
        try await run("pdftotext \(options) '\(path)' -")
    }
    func info(_ options: String = "") async throws -> String { try await run("pdfinfo \(options) '\(path)'") }
    func check() async throws -> String { try await run("qpdf --check '\(path)' 2>&1") }
    func fonts() async throws -> String { try await run("pdffonts '\(path)'") }

    /// The first page as a JPEG.
    func photograph() async throws -> [UInt8] {
        defer { unlink(path + ".jpg") }
        _ = try await run("pdftoppm -jpeg -r 20 -singlefile '\(path)' '\(path)'")
        return Array(try Data(contentsOf: URL(filePath: path + ".jpg")))
    }

    /// Standard output; a failing command fails the test.
    private func run(_ command: String) async throws -> String {
        let outcome = try await TestProgram.run(["sh", "-c", command])
        #expect(outcome.status == 0, "\(command): \(outcome.text)")
        return outcome.text
    }
}

/// Runs `body` with the file's path and removes it afterwards.
func reading<Value>(_ bytes: [UInt8], _ body: (Reader) async throws -> Value) async throws -> Value {
    let reader = try Reader(bytes)
    defer { reader.remove() }
    return try await body(reader)
}
