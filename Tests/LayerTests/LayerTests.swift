import Foundation
import TestKit
import Testing

/// The gates of `make check`, run on this repository, and each proven by a tree that it must refuse.
@Suite(.timeLimit(.minutes(10))) struct LayerTests {
    @Test func everyImportOfTheSourcesIsInTheTable() async throws {
        let result = try await script("check-layers", [])
        #expect(result.status == 0, "\(result.text)")
    }

    @Test(arguments: [
        ("Tools/Email/MIME/A.swift", "import Domain", "MIME may not import Domain"),
        ("Tools/Email/Tool/A.swift", "package import Store", "Tool may not import Store"),
        ("API/Routes/A.swift", "import struct Workers.Slot", "API may not import Workers"),
        ("API/A.swift", "@preconcurrency import ToolHost", "API may not import ToolHost"),
        ("Postgres/A.swift", "import Foundation", "Postgres may not import Foundation"),
        ("Nowhere/A.swift", "import Glibc", "its folder is not in Scripts/layers.txt"),
    ])
    func anImportAcrossALayerIsRefused(_ path: String, _ line: String, _ complaint: String) async throws {
        let root = try tree([path: "// A file.\n\(line)\n\nstruct A {}\n"])
        let result = try await script("check-layers", [root + "/Sources"])
        #expect(result.status != 0)
        #expect(result.text.contains(complaint), "\(result.text)")
    }

    @Test func importsThatTheTableAllowsPass() async throws {
        let root = try tree([
            "Store/A.swift": "import Domain\npackage import Postgres\nimport Glibc\n",
            "Server/Commands/A.swift": "import Workers\nimport ArgumentParser\n",
            "Domain/A.swift": "let text = \"import Store\"\n",
        ])
        let result = try await script("check-layers", [root + "/Sources"])
        #expect(result.status == 0, "\(result.text)")
    }

    @Test(arguments: [
        ("Domain/A.swift", String(repeating: "let a = 1\n", count: 401), "401 lines"),
        (
            "Domain/A.swift", "func long() {\n" + String(repeating: "    a()\n", count: 69) + "}\n",
            "71 lines; the limit is 70"
        ),
        ("Domain/RunHelper.swift", "struct A {}\n", "name a noun"),
        ("Domain/A.swift", "let a = try! b()\n", "try!"),
        ("../Tests/ATests/A.swift", "let process = Process" + "()\n", "run it by TestProgram"),
        ("../Tests/ATests/A.swift", "struct ATests {\n    @Test func a() {}\n}\n", "give the suite a .timeLimit"),
        ("Domain/A.swift", "struct A: @unchecked Sendable {}\n", "name the lock"),
        ("Domain/A.swift", "let a = try? b()\n", "give the reason"),
        ("A.md", "[guide](docs/guide.md)\n", "leads nowhere"),
    ])
    func aFaultOfStyleIsRefused(_ path: String, _ text: String, _ complaint: String) async throws {
        let result = try await script("check-sources", [try tree([path: text])])
        #expect(result.status != 0)
        #expect(result.text.contains(complaint), "\(result.text)")
    }

    @Test func soundSourcesPass() async throws {
        let body = String(repeating: "    a()\n", count: 68)
        let root = try tree([
            "Domain/A.swift": "func fits() {\n\(body)}\n\n// Nothing is lost.\nlet a = try? b()\n",
            "A.md": "[sources](Domain/A.swift)\n",
        ])
        let result = try await script("check-sources", [root])
        #expect(result.status == 0, "\(result.text)")
    }

    /// A root with these files; Swift files land below `Sources`, which is where the documents' links start too.
    private func tree(_ files: [String: String]) throws -> String {
        let root = try TemporaryTree.make("layers")
        for (path, text) in files {
            let file = URL(fileURLWithPath: "\(root)/Sources/\(path)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        return root
    }

    private func script(_ name: String, _ arguments: [String]) async throws -> TestProgram.Outcome {
        try await TestProgram.run(["\(Repository.root)/Scripts/\(name)"] + arguments)
    }
}
