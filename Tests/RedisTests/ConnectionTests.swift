import Redis
import Testing

@Suite(.timeLimit(.minutes(10))) struct ConnectionTests {
    @Test func valuesOfEveryKindComeBack() async throws {
        try await RedisServer.with { server in
            let redis = try RedisConnection(server.configuration)
            #expect(try await redis.command(["SET", "k", RedisWord([0, 255, 13, 10])]) == .status("OK"))
            #expect(try await redis.command(["GET", "k"]).bytes == [0, 255, 13, 10])
            #expect(try await redis.command(["GET", "absent"]) == .null)
            #expect(try await redis.command(["SET", "empty", ""]) == .status("OK"))
            #expect(try await redis.command(["GET", "empty"]).bytes == [])
            let nested = try await redis.evaluate("return {1, {'a', {ok = 'fine'}}, {err = 'ODD no'}}", keys: [])
            #expect(
                nested
                    == .array([
                        .integer(1), .array([.bytes(Array("a".utf8)), .status("fine")]), .error("ODD no"),
                    ]))
        }
    }

    @Test func refusedCommandCarriesTheServersWord() async throws {
        try await RedisServer.with { server in
            let redis = try RedisConnection(server.configuration)
            try await redis.command(["SET", "k", "text"])
            let error = try await #require(throws: RedisError.self) { try await redis.command(["LPUSH", "k", "x"]) }
            #expect(error.code == .server)
            #expect(error.word == "WRONGTYPE")
            await #expect(throws: RedisError.self) { try await redis.command([]) }
        }
    }

    @Test func pipelineReportsEachOutcome() async throws {
        try await RedisServer.with { server in
            let redis = try RedisConnection(server.configuration)
            let outcomes = try await redis.pipeline([["SET", "n", "1"], ["LPUSH", "n", "x"], ["INCR", "n"]])
            #expect(outcomes.count == 3)
            #expect(try outcomes[0].get() == .status("OK"))
            #expect(throws: RedisError.self) { try outcomes[1].get() }
            #expect(try outcomes[2].get() == .integer(2))
        }
    }

    @Test func thousandTasksShareAConnection() async throws {
        try await RedisServer.with { server in
            let redis = try RedisConnection(server.configuration)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<1_000 { group.addTask { try await redis.command(["INCR", "n"]) } }
                try await group.waitForAll()
            }
            #expect(try await redis.command(["GET", "n"]).text == "1000")
        }
    }

    @Test func incrementSetsTheWindowOnce() async throws {
        try await RedisServer.with { server in
            let redis = try RedisConnection(server.configuration)
            #expect(try await redis.increment("rate", expiry: .seconds(100)) == 1)
            #expect(try await redis.increment("rate", by: 4, expiry: .seconds(900)) == 5)
            let left = try #require(await redis.command(["TTL", "rate"]).integer)
            #expect((1...100).contains(left))
        }
    }

    @Test func commandsFailWhileRedisIsDeadAndWorkWhenItIsBack() async throws {
        try await RedisServer.with { server in
            let redis = try RedisConnection(server.configuration)
            try await redis.ping()
            await server.kill()
            for _ in 0..<3 {
                let error = try await #require(throws: RedisError.self) { try await redis.ping() }
                #expect(error.isTransient)
            }
            try await server.start()
            try await eventually {
                do {
                    try await redis.ping()
                    return true
                } catch is RedisError { return false }
            }
        }
    }

    @Test func restartBetweenCommandsIsNotNoticed() async throws {
        try await RedisServer.with { server in
            let redis = try RedisConnection(server.configuration)
            try await redis.ping()
            await server.kill()
            try await server.start()
            try await redis.ping()
        }
    }

    @Test func frozenServerIsATimeOut() async throws {
        try await RedisServer.with { server in
            var configuration = server.configuration
            configuration.commandTimeout = .seconds(5)
            let redis = try RedisConnection(configuration)
            try await redis.ping()
            server.freeze()
            let error = try await #require(throws: RedisError.self) { try await redis.ping() }
            #expect(error.code == .timedOut)
        }
    }

    @Test func closedConnectionRefuses() async throws {
        let redis = try RedisConnection(RedisConfiguration(url: "unix:///nonexistent"))
        redis.close()
        let error = try await #require(throws: RedisError.self) { try await redis.ping() }
        #expect(error.code == .closed)
    }

    @Test func passwordIsSentAndNeverPrinted() async throws {
        try await RedisServer.with { server in
            let redis = try RedisConnection(server.configuration)
            try await redis.command(["CONFIG", "SET", "requirepass", "hidden"])
            let stranger = try RedisConnection(server.configuration)
            let error = try await #require(throws: RedisError.self) { try await stranger.ping() }
            #expect(error.word == "NOAUTH")
        }
        let configuration = try RedisConfiguration(url: "redis://user:hidden@127.0.0.1:1/2")
        let error = try await #require(throws: RedisError.self) {
            try await RedisConnection(configuration).ping()
        }
        #expect(error.code == .unavailable)
        #expect(!"\(error) \(configuration)".contains("hidden"))
    }

    @Test(arguments: [
        "", "http://x", "unix://relative", "redis://", "redis://:1", "redis://h:0", "redis://h:70000", "redis://h:x",
        "redis://h/x", "redis://h/-1", "redis://u:%zz@h",
    ])
    func malformedAddressIsRefused(url: String) {
        #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
    }

    @Test(arguments: [
        ("redis://h", "redis://h:6379/0"), ("redis://:p@h:1/3", "redis://h:1/3"),
        ("redis://u:p%40@h", "redis://h:6379/0"), ("unix:///a/b", "unix:///a/b"),
    ])
    func addressIsUnderstood(url: String, printed: String) throws {
        #expect(try RedisConfiguration(url: url).description == printed)
    }
}
