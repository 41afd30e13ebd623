import Redis
import Testing

@Suite(.timeLimit(.minutes(10))) struct StreamTests {
    private func entry(_ event: RedisStreamReader.Event?) throws -> RedisStreamEntry {
        guard case .entry(let entry) = event else { throw Unexpected(event: event) }
        return entry
    }

    private struct Unexpected: Error { let event: RedisStreamReader.Event? }

    private func reader(_ server: RedisServer) throws -> RedisStreamReader {
        try RedisStreamReader(server.configuration, stream: "doorbells", group: "workers", consumer: "one")
    }

    @Test func entriesArriveOnceAcknowledgedAndAgainIfNot() async throws {
        try await RedisServer.with { server in
            let redis = try RedisConnection(server.configuration)
            let id = try await redis.add(to: "doorbells", [("run", "1")])
            let first = try reader(server)
            var events = first.events.makeAsyncIterator()
            let early = try entry(await events.next())
            #expect(early.id == id)
            #expect(early.text("run") == "1")
            try await redis.add(to: "doorbells", [("run", "2")])
            let second = try entry(await events.next())
            #expect(second.text("run") == "2")
            #expect(try await redis.acknowledge([early.id], stream: "doorbells", group: "workers") == 1)
            first.close()
            #expect(await events.next() == nil)

            let again = try reader(server)
            var repeated = again.events.makeAsyncIterator()
            #expect(try entry(await repeated.next()).id == second.id)
            again.close()
        }
    }

    @Test func groupIsCreatedAgainAfterFlush() async throws {
        try await RedisServer.with { server in
            let redis = try RedisConnection(server.configuration)
            let reader = try reader(server)
            var events = reader.events.makeAsyncIterator()
            try await redis.add(to: "doorbells", [("run", "1")])
            #expect(try entry(await events.next()).text("run") == "1")
            try await redis.command(["FLUSHALL"])
            try await redis.add(to: "doorbells", [("run", "2")])
            #expect(await events.next() == .recovered)
            #expect(try entry(await events.next()).text("run") == "2")
            reader.close()
        }
    }

    @Test func killedServerIsFoundAgain() async throws {
        try await RedisServer.with { server in
            let reader = try reader(server)
            let (arrived, signal) = AsyncStream.makeStream(of: RedisStreamReader.Event.self)
            let task = Task { for await event in reader.events { signal.yield(event) } }
            var events = arrived.makeAsyncIterator()
            try await RedisConnection(server.configuration).add(to: "doorbells", [("run", "1")])
            #expect(try entry(await events.next()).text("run") == "1")
            await server.kill()
            try await server.start()
            #expect(await events.next() == .recovered)
            try await RedisConnection(server.configuration).add(to: "doorbells", [("run", "2")])
            #expect(try entry(await events.next()).text("run") == "2")
            task.cancel()
            await task.value
        }
    }

    @Test func pendingEntryThatTheStreamForgotIsPassedOver() async throws {
        try await RedisServer.with { server in
            let redis = try RedisConnection(server.configuration)
            let id = try await redis.add(to: "doorbells", [("run", "1")])
            let first = try reader(server)
            var events = first.events.makeAsyncIterator()
            #expect(try entry(await events.next()).id == id)
            first.close()
            try await redis.command(["XDEL", "doorbells", RedisWord(id)])
            try await redis.add(to: "doorbells", [("run", "2")])
            let second = try reader(server)
            var later = second.events.makeAsyncIterator()
            #expect(try entry(await later.next()).text("run") == "2")
            let pending = try await redis.command(["XPENDING", "doorbells", "workers"])
            #expect(pending.array?.first?.integer == 1)
            second.close()
        }
    }

    @Test func cancelledReaderEnds() async throws {
        try await RedisServer.with { server in
            let reader = try reader(server)
            let task = Task { for await _ in reader.events {} }
            task.cancel()
            await task.value
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct SubscriptionTests {
    @Test func messagesArriveAlsoAfterARestart() async throws {
        try await RedisServer.with { server in
            let subscription = try RedisSubscription(server.configuration, channels: ["a", "b"])
            var events = subscription.events.makeAsyncIterator()
            #expect(await events.next() == .listening)
            let redis = try RedisConnection(server.configuration)
            #expect(try await redis.publish(RedisWord([0, 1]), to: "b") == 1)
            #expect(await events.next() == .message(channel: "b", payload: [0, 1]))
            await server.kill()
            try await server.start()
            #expect(await events.next() == .reconnected)
            try await redis.publish("again", to: "a")
            #expect(await events.next() == .message(channel: "a", payload: Array("again".utf8)))
            subscription.close()
            #expect(await events.next() == nil)
        }
    }
}
