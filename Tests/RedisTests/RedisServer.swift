import FoundationEssentials
import Glibc
import Redis

/// A redis-server of the test's own, on a Unix socket in a temporary directory, so that it may be killed.
final class RedisServer {
    let directory: String
    let configuration: RedisConfiguration
    private var process: pid_t = 0

    struct Failure: Error { let reason: String }

    init() throws {
        // Unix socket paths are limited to 107 bytes.
        directory = "/tmp/redis-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        configuration = try RedisConfiguration(url: "unix://\(directory)/s")
    }

    deinit {
        signal(SIGKILL)
        // Left-over files in the system's temporary directory do no harm.
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Starts the server and waits until it answers.
    func start() async throws {
        let words = [
            "redis-server", "--port", "0", "--unixsocket", "\(directory)/s", "--save", "", "--appendonly", "no",
            "--dir", directory, "--logfile", "\(directory)/log",
        ]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        let code = posix_spawnp(&process, "redis-server", nil, nil, arguments, environ)
        guard code == 0 else { throw Failure(reason: "cannot start redis-server (errno \(code)); is it installed?") }
        let configuration = configuration
        try await eventually {
            do {
                let probe = try RedisConnection(configuration)
                try await probe.ping()
                return true
            } catch { return false }
        }
    }

    func kill() {
        signal(SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        process = 0
    }

    /// Stops the process where it is: it accepts nothing and answers nothing, but holds its sockets.
    func freeze() { signal(SIGSTOP) }

    private func signal(_ number: Int32) {
        if process > 0 { _ = Glibc.kill(process, number) }
    }

    static func with<Value>(_ body: (RedisServer) async throws -> Value) async throws -> Value {
        let server = try RedisServer()
        try await server.start()
        defer { server.kill() }
        return try await body(server)
    }
}

struct DeadlinePassed: Error {}

/// Asks again until the condition holds, or throws after half a minute.
func eventually(_ condition: () async throws -> Bool) async throws {
    let limit = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < limit {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    throw DeadlinePassed()
}
