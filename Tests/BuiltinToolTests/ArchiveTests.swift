import Domain
import FilesTool
import Foundation
import TestKit
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(5))) struct ArchiveTests {
    private let bench: Bench

    init() throws { bench = try Bench(FileTools.all) }

    /// Made by Python, whose writer takes any name and mode.
    private func archive(_ script: String, _ name: String = "in.zip") async throws {
        let path = bench.folder.appending(path: name).path
        let outcome = try await TestProgram.run([
            "/usr/bin/python3", "-c",
            "import zipfile, stat, struct, io\nz = zipfile.ZipFile('\(path)', 'w')\n\(script)\nz.close()",
        ])
        #expect(outcome.status == 0, "\(outcome.text)")
    }

    @Test func whatIsPackedIsUnpacked() async throws {
        try bench.put("alpha", "a/one.txt")
        try bench.put(String(repeating: "b", count: 200_000), "a/b/zwei-ü.txt")
        let zipped = try await bench.call("files.zip", ["paths": ["a"], "to": "out.zip", "publish": true])
        #expect(zipped["entries"] == 2)
        #expect(bench.published.map(\.mediaType) == ["application/zip"])
        let listing = try await TestProgram.run([
            "/usr/bin/python3", "-m", "zipfile", "-t", bench.folder.appending(path: "out.zip").path,
        ])
        #expect(listing.status == 0 && listing.text.contains("Done testing"), "\(listing.text)")
        let unpacked = try await bench.call("files.unzip", ["path": "out.zip", "to": "back"], key: "u")
        #expect(unpacked["file_count"] == 2)
        #expect(try bench.text("back/a/one.txt") == "alpha")
        #expect(try bench.text("back/a/b/zwei-ü.txt").count == 200_000)
        #expect(await bench.failure("files.unzip", ["path": "out.zip", "to": "back"])?.code == "file_exists")
        let again = try await bench.call("files.unzip", ["path": "out.zip", "to": "back"], key: "u", attempt: 2)
        #expect(again["file_count"] == 2)
    }

    @Test(arguments: [
        "z.writestr('../evil.txt', 'x')", "z.writestr('a/../../evil.txt', 'x')", "z.writestr('/abs.txt', 'x')",
        "z.writestr('..\\\\\\\\evil.txt', 'x')", "z.writestr('C:\\\\\\\\evil.txt', 'x')",
        "z.writestr('a', 'x'); z.writestr('a/b', 'x')", "z.writestr('a/b', 'x'); z.writestr('a', 'x')",
        "z.writestr('/'.join(['d'] * 60), 'x')",
    ])
    func namesThatLeadOutRefuseTheArchive(script: String) async throws {
        try await archive("z.writestr('fine.txt', 'fine'); " + script)
        #expect(await bench.failure("files.unzip", ["path": "in.zip"])?.code == "archive_unsafe", "\(script)")
        #expect(!bench.exists("in"))
        #expect(!bench.exists("../evil.txt"))
        // Nothing half unpacked is left either.
        let left = try FileManager.default.contentsOfDirectory(atPath: bench.folder.path)
        #expect(Set(left).subtracting([".persona"]) == ["in.zip"])
    }

    @Test func linksAreLeftOut() async throws {
        try await archive(
            """
            i = zipfile.ZipInfo('link'); i.create_system = 3; i.external_attr = (stat.S_IFLNK | 0o777) << 16
            z.writestr(i, '/etc/passwd'); z.writestr('file.txt', 'x')
            """)
        let unpacked = try await bench.call("files.unzip", ["path": "in.zip"])
        #expect(unpacked["skipped"] == ["link"])
        #expect(unpacked["files"] == ["in/file.txt"])
    }

    @Test func doubleAndLongNamesAreMadeAnew() async throws {
        try await archive(
            "z.writestr('a.txt', '1')\nz.writestr('a.txt', '2')\nz.writestr('n' * 300 + '.txt', '3')")
        let files = try await bench.call("files.unzip", ["path": "in.zip"])["files"]?.array?.compactMap(\.string) ?? []
        #expect(files.prefix(2) == ["in/a.txt", "in/a (2).txt"])
        #expect(files.last.map { $0.utf8.count < 220 && $0.hasSuffix(".txt") } == true)
    }

    @Test func bombsStopAtRealBytes() async throws {
        try await archive("z.writestr(zipfile.ZipInfo('b'), b'0' * (64 << 20), zipfile.ZIP_DEFLATED)")
        let failure = await bench.failure("files.unzip", ["path": "in.zip"])
        #expect(failure?.code == "archive_unsafe")
        #expect(failure?.message.contains("times its size") == true)
    }

    @Test func tooManyEntriesAreRefusedUnopened() async throws {
        try await archive("for i in range(100_000): z.writestr(str(i), '')")
        #expect(await bench.failure("files.unzip", ["path": "in.zip"])?.code == "archive_too_large")
    }

    /// The central directory's size of the only entry, at offset 24 of its record, is changed.
    @Test func sizesThatLieAreFound() async throws {
        try await archive("z.writestr(zipfile.ZipInfo('a'), b'0' * 5_000, zipfile.ZIP_DEFLATED)")
        let url = bench.folder.appending(path: "in.zip")
        var bytes = [UInt8](try Data(contentsOf: url))
        let record = try #require(
            bytes.indices.dropLast(4).first { Array(bytes[$0..<($0 + 4)]) == [0x50, 0x4B, 1, 2] })
        bytes[record + 24] = 10
        bytes[record + 25] = 0
        try Data(bytes).write(to: url)
        let code = await bench.failure("files.unzip", ["path": "in.zip"])?.code
        #expect(code == "archive_unsafe" || code == "archive_invalid")
    }

    /// A second record of the directory names the first one's bytes.
    @Test func entriesThatOverlapAreRefused() async throws {
        try await archive(
            """
            import os
            z.writestr('a', os.urandom(50_000))
            for n in 'bcde':
                i = zipfile.ZipInfo(n); i.header_offset = 0; s = z.filelist[0]
                i.CRC, i.compress_size, i.file_size = s.CRC, s.compress_size, s.file_size
                z.filelist.append(i)
            """)
        #expect(await bench.failure("files.unzip", ["path": "in.zip"])?.code == "archive_unsafe")
    }

    @Test func encryptedArchivesAreNamed() async throws {
        // Python writes none: the marks of the entry's two records are set, as a password would.
        try await archive("z.writestr('s.txt', 'secret')")
        var bytes = [UInt8](try Data(contentsOf: bench.folder.appending(path: "in.zip")))
        let record = try #require(
            bytes.indices.dropLast(4).first { Array(bytes[$0..<($0 + 4)]) == [0x50, 0x4B, 1, 2] })
        bytes[6] |= 1
        bytes[record + 8] |= 1
        try bench.put(bytes, "in.zip")
        #expect(await bench.failure("files.unzip", ["path": "in.zip"])?.code == "archive_encrypted")
    }

    @Test(arguments: ["", "PK", "PK\u{5}\u{6}", "no archive at all"]) func whatIsNoArchiveIsSaid(text: String)
        async throws
    {
        try bench.put(text, "in.zip")
        #expect(await bench.failure("files.unzip", ["path": "in.zip"])?.code == "archive_invalid")
    }

    @Test func everyCutOfAnArchiveFailsCleanly() async throws {
        try await archive("z.writestr('a.txt', 'hello'); z.writestr('b/c.txt', 'x' * 100)")
        let bytes = [UInt8](try Data(contentsOf: bench.folder.appending(path: "in.zip")))
        for count in 0..<bytes.count {
            try bench.put(Array(bytes[..<count]), "cut.zip")
            #expect(await bench.failure("files.unzip", ["path": "cut.zip"])?.kind == .invalidInput, "\(count)")
        }
        for index in bytes.indices {
            var broken = bytes
            broken[index] ^= 0xFF
            try bench.put(broken, "cut.zip")
            // Either it is refused or it unpacks below its folder; it never traps.
            _ = await bench.failure("files.unzip", ["path": "cut.zip", "to": .string("cut-\(index)")])
        }
    }
}
