import Foundation

/// Other people's readers: python-pptx and openpyxl, LibreOffice.
enum OfficeReader {
    static var python: String {
        ProcessInfo.processInfo.environment["PERSONA_TEST_PYTHON"] ?? ".data/test-python/bin/python3"
    }

    /// A new directory that `body` may use.
    static func directory<Value>(_ body: (URL) throws -> Value) throws -> Value {
        let directory = FileManager.default.temporaryDirectory.appending(path: "office-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }  // what is left is the system's to clear
        return try body(directory)
    }

    /// Standard output of a Python program that gets `file` as its argument.
    static func python(_ program: String, on bytes: [UInt8], ending: String) throws -> String {
        try directory { directory in
            let file = directory.appending(path: "file.\(ending)")
            try Data(bytes).write(to: file)
            return try run(python, ["-c", program, file.path])
        }
    }

    /// Pages of the PDF that LibreOffice makes of the file.
    static func pagesOfPDF(_ bytes: [UInt8], ending: String) throws -> Int {
        try directory { directory in
            let file = directory.appending(path: "file.\(ending)")
            try Data(bytes).write(to: file)
            let profile = "-env:UserInstallation=file://\(directory.path)/profile"
            _ = try run(
                "/usr/bin/env",
                ["soffice", "--headless", profile, "--convert-to", "pdf", "--outdir", directory.path, file.path])
            let text = try run("/usr/bin/env", ["pdfinfo", directory.appending(path: "file.pdf").path])
            let line = text.split(separator: "\n").first { $0.hasPrefix("Pages:") } ?? ""
            return Int(line.split(separator: " ").last ?? "") ?? 0
        }
    }

    struct Failed: Error {
        var output: String
    }

    static func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(output: text) }
        return text
    }
}
