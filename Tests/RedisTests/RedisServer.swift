import Glibc
import Redis
import TestKit

/// A redis-server of the test's own, on a Unix socket in a temporary directory, so that it may be killed.
final class RedisServer {
    let directory: String
    let configuration: RedisConfiguration
    private var process: TestProgram?

    init() throws {
        directory = try TemporaryTree.make("redis")
        configuration = try RedisConfiguration(url: "unix://\(directory)/s")
    }

    /// Starts the server and waits until it answers.
    func start() async throws {
        process = try await TestProgram.start([
            "redis-server", "--port", "0", "--unixsocket", "\(directory)/s", "--save", "", "--appendonly", "no",
            "--dir", directory, "--logfile", "\(directory)/log",
        ])
        let configuration = configuration
        try await eventually {
            do {
                let probe = try RedisConnection(configuration)
                try await probe.ping()
                return true
            } catch { return false }
        }
    }

    func kill() async {
        await process?.end()
        process = nil
    }

    /// Stops the process where it is: it accepts nothing and answers nothing, but holds its sockets.
    func freeze() { process?.signal(SIGSTOP) }

    static func with<Value>(_ body: (RedisServer) async throws -> Value) async throws -> Value {
        let server = try RedisServer()
        do {
            try await server.start()
            let value = try await body(server)
            await server.kill()
            return value
        } catch {
            await server.kill()
            throw error
        }
    }
}

struct DeadlinePassed: Error {}

/// Asks again until the condition holds, or throws after a minute.
func eventually(_ condition: () async throws -> Bool) async throws {
    let limit = ContinuousClock.now + .seconds(300)
    while ContinuousClock.now < limit {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    throw DeadlinePassed()
}
