import CLibZip
import FoundationEssentials
import Glibc
import Programs
import Reading
import TestKit

/// Reads files as the platform does: in a process with limits.
enum Foreign {
    /// Beside the tests' own program, as the build puts it.
    static let reader: [String] = {
        let path = CommandLine.arguments[0]
        var folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        while !folder.isEmpty {
            let candidate = folder.joined(separator: "/") + "/DocumentReaderFixture"
            if access(candidate, X_OK) == 0 { return [candidate] }
            folder.removeLast()
        }
        return ["DocumentReaderFixture"]
    }()

    static func read(
        _ bytes: [UInt8], name: String, limits: ReadingLimits = ReadingLimits(), program: [String] = reader
    ) async throws -> ReadDocument {
        try await inFile(bytes) { path in try await read(path: path, name: name, limits: limits, program: program) }
    }

    static func read(
        path: String, name: String, limits: ReadingLimits = ReadingLimits(), program: [String] = reader
    ) async throws -> ReadDocument {
        let outcome = try await TestThread.run {
            let file = open(path, O_RDONLY | O_CLOEXEC)
            defer { close(file) }
            return try LimitedProgram.run(
                program + ReaderProcess.words(name: name, limits: limits), input: file,
                limits: ReaderProcess.limits(until: .now + .seconds(60)))
        }
        return try ReaderProcess.document(from: outcome)
    }

    static func inFile<Value>(_ bytes: [UInt8], _ body: (String) async throws -> Value) async throws -> Value {
        let path = FileManager.default.temporaryDirectory.path + "/reading-\(UUID().uuidString)"
        try Data(bytes).write(to: URL(filePath: path))
        defer { unlink(path) }
        return try await body(path)
    }

    static func zip(_ entries: [(name: String, bytes: [UInt8])], password: String? = nil) throws -> [UInt8] {
        let path = FileManager.default.temporaryDirectory.path + "/reading-\(UUID().uuidString).zip"
        defer { unlink(path) }
        guard let archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, nil) else { throw Unwritable() }
        for entry in entries {
            guard let copy = malloc(max(1, entry.bytes.count)) else { throw Unwritable() }
            entry.bytes.withUnsafeBytes { if let base = $0.baseAddress { memcpy(copy, base, $0.count) } }
            let source = zip_source_buffer(archive, copy, UInt64(entry.bytes.count), 1)
            let index = zip_file_add(archive, entry.name, source, UInt32(ZIP_FL_ENC_UTF_8))
            guard index >= 0 else { throw Unwritable() }
            if let password { zip_file_set_encryption(archive, UInt64(index), UInt16(ZIP_EM_AES_256), password) }
        }
        guard zip_close(archive) == 0 else { throw Unwritable() }
        return Array(try Data(contentsOf: URL(filePath: path)))
    }

    struct Unwritable: Error {}

    /// A DOCX whose body is `body`, with further parts.
    static func docx(_ body: String, prolog: String = "", parts: [(name: String, bytes: [UInt8])] = []) throws
        -> [UInt8]
    {
        let space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
        let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        let relations = """
            <Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" \
            Type="\(office)/officeDocument" Target="word/document.xml"/></Relationships>
            """
        let document = "\(prolog)<w:document xmlns:w=\"\(space)\"><w:body>\(body)</w:body></w:document>"
        return try zip(
            [
                ("[Content_Types].xml", Array("<Types/>".utf8)), ("_rels/.rels", Array(relations.utf8)),
                ("word/document.xml", Array(document.utf8)),
            ] + parts)
    }
}
