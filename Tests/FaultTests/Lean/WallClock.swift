import FoundationEssentials
import PlatformKit
import TestKit

/// A wall clock that a test sets for processes of its own, by libfaketime; their steady clocks go on (see
/// `Fixtures/SteadyTimers`).
struct WallClock: Sendable {
    private static let faketime = "/usr/lib/\(machine)-linux-gnu/faketime/libfaketimeMT.so.1"
    private let file: String
    private let timers: String

    private static var machine: String {
        #if arch(arm64)
            "aarch64"
        #else
            "x86_64"
        #endif
    }

    /// Ahead of the machine's by so many seconds.
    static func make(ahead seconds: Int) async throws -> WallClock {
        let folder = try TemporaryTree.make("clock")
        // Services run under an account of their own.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
        let clock = WallClock(file: "\(folder)/offset", timers: "\(folder)/timers.so")
        let source = "\(Repository.root)/Tests/Fixtures/SteadyTimers/timers.c"
        let compiler = try await TestProgram.start(["cc", "-shared", "-fPIC", "-O1", source, "-o", clock.timers])
        let words = String(decoding: await compiler.read(), as: UTF8.self)
        guard await compiler.ended() == 0 else { throw Overdue("\(source): \(words)") }
        guard FileManager.default.fileExists(atPath: faketime) else {
            throw Overdue("there is no \(faketime); Scripts/bootstrap test installs it")
        }
        try clock.set(ahead: seconds)
        return clock
    }

    /// Seen by every process at its next look.
    func set(ahead seconds: Int) throws {
        // In one go: a look may come at any time.
        try Data("\(seconds < 0 ? "" : "+")\(seconds)\n".utf8).write(to: URL(filePath: file), options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
    }

    var environment: [String: String] {
        [
            "LD_PRELOAD": "\(timers) \(Self.faketime)", "FAKETIME_TIMESTAMP_FILE": file, "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        ]
    }

    var words: [String] { environment.map { "\($0.key)=\($0.value)" } }
}
