import Foundation
import TestKit

/// Other people's readers: python-pptx and openpyxl, LibreOffice.
enum OfficeReader {
    /// A new directory that `body` may use.
    static func directory<Value>(_ body: (URL) async throws -> Value) async throws -> Value {
        let directory = FileManager.default.temporaryDirectory.appending(path: "office-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }  // what is left is the system's to clear
        return try await body(directory)
    }

    /// Standard output of a Python program that gets `file` as its argument.
    static func python(_ program: String, on bytes: [UInt8], ending: String) async throws -> String {
        try await directory { directory in
            let file = directory.appending(path: "file.\(ending)")
            try Data(bytes).write(to: file)
            return try await run([Repository.python, "-c", program, file.path])
        }
    }

    /// Pages of the PDF that LibreOffice makes of the file.
    static func pagesOfPDF(_ bytes: [UInt8], ending: String) async throws -> Int {
        try await directory { directory in
            let file = directory.appending(path: "file.\(ending)")
            try Data(bytes).write(to: file)
            let profile = "-env:UserInstallation=file://\(directory.path)/profile"
            _ = try await run([
                "soffice", "--headless", profile, "--convert-to", "pdf", "--outdir", directory.path, file.path,
            ])
            let text = try await run(["pdfinfo", directory.appending(path: "file.pdf").path])
            let line = text.split(separator: "\n").first { $0.hasPrefix("Pages:") } ?? ""
            return Int(line.split(separator: " ").last ?? "") ?? 0
        }
    }

    struct Failed: Error {
        var output: String
    }

    private static func run(_ words: [String]) async throws -> String {
        let outcome = try await TestProgram.run(words)
        guard outcome.status == 0 else { throw Failed(output: outcome.text) }
        return outcome.text
    }
}
