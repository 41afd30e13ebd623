import Domain
import FilesTool
import Foundation
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(5))) struct FilesTests {
    private let bench: Bench

    init() throws { bench = try Bench(FileTools.all) }

    @Test func whatIsWrittenIsReadListedAndFound() async throws {
        try await bench.call("files.write", ["path": "a/notes.md", "text": "one\ntwo\nthree\n"])
        try await bench.call("files.write", ["path": "data.json", "json": ["b": 1, "a": [true, nil]]])
        let read = try await bench.call("files.read", ["path": "a/notes.md", "first_line": 2, "lines": 1])
        #expect(read["text"] == "two")
        #expect(read["total_lines"] == 3)
        #expect(try bench.text("data.json") == "{\"a\":[true,null],\"b\":1}\n")
        let list = try await bench.call("files.list", ["glob": "*.md"])
        #expect(list["entries"]?.array?.compactMap { $0["path"]?.string } == ["a/notes.md"])
        let found = try await bench.call("files.search", ["text": "TWO"])
        #expect(found["matches"]?[0]?["path"] == "a/notes.md")
        #expect(found["matches"]?[0]?["line"] == 2)
    }

    @Test(arguments: [
        "../x", "/etc/passwd", "a/../../x", "..", "a/./b", "a//b", "a\\..\\b", "x\u{0}y", ".persona/trash", "link/x",
        String(repeating: "n", count: 300), String(repeating: "d/", count: 40) + "x",
    ])
    func pathsThatLeadOutAreRefused(path: String) async throws {
        try bench.link("link", to: "/tmp")
        for (tool, input) in [
            ("files.read", ["path": .string(path)]), ("files.write", ["path": .string(path), "text": "x"]),
            ("files.append", ["path": .string(path), "text": "x"]), ("files.list", ["path": .string(path)]),
            ("files.delete", ["path": .string(path)]), ("files.copy", ["from": .string(path), "to": "y"]),
            ("files.move", ["from": .string(path), "to": "y"]), ("files.unzip", ["path": .string(path)]),
            ("files.zip", ["paths": [.string(path)], "to": "z.zip"]),
        ] as [(String, JSONValue)] {
            #expect(await bench.failure(tool, input)?.code == "path_invalid", "\(tool) \(path)")
        }
    }

    @Test func linksAreNeitherReadNorWrittenThrough() async throws {
        let outside = FileManager.default.temporaryDirectory.appending(path: "outside-\(UUID().uuidString)")
        try Data("secret".utf8).write(to: outside)
        defer { try? FileManager.default.removeItem(at: outside) }
        try bench.link("bad.txt", to: outside.path)
        #expect(await bench.failure("files.read", ["path": "bad.txt"])?.code == "path_invalid")
        #expect(await bench.failure("files.append", ["path": "bad.txt", "text": "x"])?.code == "path_invalid")
        #expect(await bench.failure("files.copy", ["from": "bad.txt", "to": "copy.txt"]) != nil)
        try await bench.call("files.write", ["path": "bad.txt", "text": "mine"])
        #expect(try String(contentsOf: outside, encoding: .utf8) == "secret")
        #expect(try bench.text("bad.txt") == "mine")
    }

    @Test func encodingsAreFoundAndWritten() async throws {
        try bench.put([0xFF, 0xFE, 0x68, 0, 0xFC, 0], "le.txt")
        try bench.put([0x68, 0xFC, 0x80], "w.txt")
        #expect(try await bench.call("files.read", ["path": "le.txt"])["text"] == "hü")
        let windows = try await bench.call("files.read", ["path": "w.txt"])
        #expect(windows["text"] == "hü€")
        #expect(windows["encoding"] == "windows-1252")
        try await bench.call("files.write", ["path": "o.txt", "text": "ü€", "encoding": "windows-1252"])
        #expect(try Data(contentsOf: bench.folder.appending(path: "o.txt")) == Data([0xFC, 0x80]))
        let failure = await bench.failure("files.write", ["path": "o.txt", "text": "日", "encoding": "iso-8859-1"])
        #expect(failure?.code == "encoding_impossible")
        try bench.put([1, 0, 2, 3, 0, 0, 9], "b.bin")
        #expect(await bench.failure("files.read", ["path": "b.bin"])?.code == "file_binary")
        let bytes = try await bench.call(
            "files.read", ["path": "b.bin", "encoding": "base64", "offset": 2, "max_bytes": 2])
        #expect(bytes["text"] == "AgM=")
        #expect(bytes["next_offset"] == 4)
    }

    @Test func longAnswersSayWhereToGoOn() async throws {
        try bench.put((1...5_000).map { "line \($0)" }.joined(separator: "\n"), "long.txt")
        let first = try await bench.call("files.read", ["path": "long.txt", "max_bytes": 1_000])
        #expect(first["truncated"] == true)
        let next = try #require(first["next_line"])
        let second = try await bench.call("files.read", ["path": "long.txt", "first_line": next, "lines": 1])
        #expect(second["text"]?.string == "line \(next.int ?? 0)")
    }

    @Test func aRepeatedAppendAddsOnce() async throws {
        try bench.put("one\n", "log.txt")
        try await bench.call("files.append", ["path": "log.txt", "text": "two\n"], key: "k1")
        try await bench.call("files.append", ["path": "log.txt", "text": "two\n"], key: "k1", attempt: 2)
        #expect(try bench.text("log.txt") == "one\ntwo\n")
        try bench.put("one\ntw", "log.txt")
        try await bench.call("files.append", ["path": "log.txt", "text": "two\n"], key: "k1", attempt: 2)
        #expect(try bench.text("log.txt") == "one\ntwo\n")
        try await bench.call("files.append", ["path": "log.txt", "text": "two\n"], key: "k2")
        #expect(try bench.text("log.txt") == "one\ntwo\ntwo\n")
    }

    @Test func movesAndCopiesKeepWhatIsThere() async throws {
        try bench.put("a", "from/a.txt")
        try bench.put("b", "to.txt")
        #expect(await bench.failure("files.move", ["from": "from/a.txt", "to": "to.txt"])?.code == "file_exists")
        #expect(try bench.text("to.txt") == "b")
        let copied = try await bench.call("files.copy", ["from": "from", "to": "deep/er"])
        #expect(copied["files"] == 1)
        #expect(try bench.text("deep/er/a.txt") == "a")
        #expect(await bench.failure("files.copy", ["from": "from", "to": "from/inside"])?.code == "path_invalid")
        try await bench.call("files.move", ["from": "from", "to": "moved"], key: "m")
        let again = try await bench.call("files.move", ["from": "from", "to": "moved"], key: "m", attempt: 2)
        #expect(again["files"] == 1)
        #expect(await bench.failure("files.move", ["from": "from", "to": "moved"])?.code == "file_missing")
    }

    @Test func deletedFilesComeBack() async throws {
        try bench.put("x", "folder/x.txt")
        let deleted = try await bench.call("files.delete", ["path": "folder"], key: "d")
        #expect(!bench.exists("folder"))
        #expect(try await bench.call("files.delete", ["path": "folder"], key: "d", attempt: 2) == deleted)
        let id = try #require(deleted["trash_id"])
        #expect(try await bench.call("files.trash", [:])["items"]?[0]?["path"] == "folder")
        #expect(try await bench.call("files.list", [:])["entries"] == [])
        try bench.put("new", "folder/y.txt")
        #expect(await bench.failure("files.restore", ["trash_id": id])?.code == "file_exists")
        try await bench.call("files.restore", ["trash_id": id, "to": "back"])
        #expect(try bench.text("back/x.txt") == "x")
        #expect(await bench.failure("files.restore", ["trash_id": id])?.code == "trash_missing")
        #expect(await bench.failure("files.restore", ["trash_id": "../../../../e"])?.code == "trash_missing")
        let second = try await bench.call("files.delete", ["path": "back"])
        try await bench.call("files.trash", ["purge": [second["trash_id"] ?? .null]])
        #expect(try await bench.call("files.trash", [:])["items"] == [])
    }

    @Test func existingFilesAreKeptWhereAsked() async throws {
        try bench.put("old", "a.txt")
        let input: JSONValue = ["path": "a.txt", "text": "new", "if_exists": "fail"]
        #expect(await bench.failure("files.write", input)?.code == "file_exists")
        #expect(try bench.text("a.txt") == "old")
        try bench.put("new", "a.txt")
        try await bench.call("files.write", input, attempt: 2)
        #expect(
            await bench.failure("files.write", ["path": "b", "text": "x", "base64": "eA=="])?.code == "input_invalid")
        try await bench.call("files.write", ["path": "b", "base64": "AAE=", "publish": true])
        #expect(bench.published.map(\.size) == [2])
    }

    @Test func searchSkipsBinariesAndStopsAtItsLimit() async throws {
        try bench.put([0, 1, 2], "b.bin")
        try bench.put(String(repeating: "needle needle\n", count: 50), "n.txt")
        let found = try await bench.call("files.search", ["pattern": "ne+dle", "limit": 10])
        #expect(found["matches"]?.array?.count == 10)
        #expect(found["truncated"] == true)
        #expect(try await bench.call("files.search", ["text": "x"])["skipped"] == ["b.bin"])
        #expect(await bench.failure("files.search", ["pattern": "(a"])?.code == "input_invalid")
    }
}
