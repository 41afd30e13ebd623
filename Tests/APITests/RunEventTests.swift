import API
import Domain
import HTTPClient
import ServiceLifecycle
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct RunEventTests {
    /// Rings by hand.
    private final class HandBell: Doorbell {
        private let listeners = Mutex<[AsyncStream<DoorbellRing>.Continuation]>([])

        func ring(_ rings: [DoorbellRing]) async {
            for listener in listeners.withLock({ $0 }) {
                for ring in rings { listener.yield(ring) }
            }
        }

        func rings() async -> AsyncStream<DoorbellRing> {
            let (stream, continuation) = AsyncStream.makeStream(of: DoorbellRing.self)
            listeners.withLock { $0.append(continuation) }
            return stream
        }
    }

    private struct Stage: Sendable {
        let house: House
        let owner: House.Person
        let run: String
        let history: RunHistory
        let bell: HandBell

        func follow(after: Int? = nil) async throws -> (HTTPHead, HTTPBody) {
            var headers: HTTPHeaders = ["Authorization": "Bearer \(owner.token)"]
            if let after { headers.append("Last-Event-ID", String(after)) }
            let limits = HTTPLimits(total: .seconds(300))
            return try await house.client.stream(
                HTTPRequest("GET", house.url("/api/runs/\(run)/events"), headers: headers, limits: limits))
        }

        func ring() async throws {
            await bell.ring([.event(owner.tenant, try #require(RunID(run)))])
        }
    }

    private func stage(_ body: @escaping @Sendable (Stage) async throws -> Void) async throws {
        let bell = HandBell()
        try await House.with(doorbell: bell) { house in
            let owner = try await house.person(of: try await house.tenant())
            let persona = try await house.persona(owner)
            let run = try await house.call(
                "POST", "/api/runs", as: owner, ["persona_id": .string(persona), "graph": House.graph]
            ).id
            try await body(
                Stage(house: house, owner: owner, run: run, history: try await RunHistory(house), bell: bell))
        }
    }

    /// Reads until `count` events have come, or to the end.
    private func events(_ body: HTTPBody, _ count: Int = .max) async throws -> [ServerSentEvent] {
        var parser = ServerSentEventParser()
        var events: [ServerSentEvent] = []
        for try await bytes in body {
            events += try parser.feed(bytes)
            if events.count >= count { break }
        }
        return events
    }

    /// Between the events goes what running steps say of themselves: the newest of each, without an id of its own.
    @Test func progressOfARunningStepIsToldAsItChanges() async throws {
        try await stage { stage in
            func say(_ message: String, _ fraction: Double) async throws {
                try await stage.history.write(
                    """
                    INSERT INTO step_progress (tenant_id, run_id, step, node, attempt, message, fraction)
                    SELECT tenant_id, run_id, 7, 'render', 1, '\(message)', \(fraction) FROM runs WHERE run_id = '\(stage.run)'
                    ON CONFLICT (tenant_id, run_id, step) DO UPDATE SET number = excluded.number,
                        message = excluded.message, fraction = excluded.fraction
                    """)
                try await stage.ring()
            }
            try await stage.history.event(stage.run, 1, "run.started")
            try await say("page 1 of 2", 0.5)
            let (_, body) = try await stage.follow()
            var parser = ServerSentEventParser()
            var heard: [ServerSentEvent] = []
            for try await bytes in body {
                heard += try parser.feed(bytes)
                let reports = heard.filter { $0.type == "step.progress" }.count
                if reports == 1, heard.count == 2 { try await say("page 2 of 2", 1) }
                if reports == 2, heard.count == 3 { try await stage.history.end(stage.run, 2, "succeeded") }
                if reports == 2 { try await stage.ring() }
            }
            #expect(heard.map(\.type) == ["run.started", "step.progress", "step.progress", "run.succeeded"])
            #expect(heard.map(\.lastEventID) == ["1", "1", "1", "2"])
            #expect(heard[2].data.contains("page 2 of 2") && heard[2].data.contains("\"node\" : \"render\""))
        }
    }

    @Test func aFinishedRunIsReplayedWholeAndEnds() async throws {
        try await stage { stage in
            for seq in 1...450 {
                try await stage.history.event(stage.run, seq, "step.taken", data: "{\"a\":\n \"\\n\"}")
            }
            try await stage.history.end(stage.run, 451, "succeeded")
            let (head, body) = try await stage.follow()
            #expect(head.status == 200)
            #expect(head.headers["Content-Type"] == "text/event-stream")
            let events = try await events(body)
            #expect(events.map(\.lastEventID) == (1...451).map { String($0) })
            #expect(events.last?.type == "run.succeeded")
            let data = try JSONValue(parsing: Array((events.first?.data ?? "").utf8))
            #expect(data["data"]?["a"]?.string == "\n")
            #expect(data["seq"]?.int == 1)
        }
    }

    @Test func aStreamGoesOnWhereItWasCut() async throws {
        try await stage { stage in
            for seq in 1...5 { try await stage.history.event(stage.run, seq, "step.taken") }
            try await stage.history.end(stage.run, 6, "failed")
            let events = try await events(try await stage.follow(after: 4).1)
            #expect(events.map(\.lastEventID) == ["5", "6"])
            #expect(try await stage.follow(after: 6).0.status == 204)
            let bad = try await stage.house.call(
                "GET", "/api/runs/\(stage.run)/events", as: stage.owner, headers: ["Last-Event-ID": "x"])
            #expect(bad.status == 400)
        }
    }

    @Test func newEventsComeWithTheBellAndTheEndEndsTheStream() async throws {
        try await stage { stage in
            try await stage.history.event(stage.run, 1, "run.started")
            let (_, body) = try await stage.follow()
            let (seen, continuation) = AsyncStream<ServerSentEvent>.makeStream()
            let reader = Task {
                defer { continuation.finish() }
                var parser = ServerSentEventParser()
                for try await bytes in body {
                    for event in try parser.feed(bytes) { continuation.yield(event) }
                }
            }
            var names: [String] = []
            for await event in seen {
                names.append(event.type)
                switch names.count {
                case 1:
                    try await stage.history.event(stage.run, 2, "step.succeeded")
                    try await stage.ring()
                case 2: try await stage.history.end(stage.run, 3, "succeeded")  // no ring: the sweep finds it
                default: break
                }
            }
            try await reader.value
            #expect(names == ["run.started", "step.succeeded", "run.succeeded"])
        }
    }

    @Test func aClientThatLeavesLeavesNothingBehind() async throws {
        try await stage { stage in
            try await stage.history.event(stage.run, 1, "run.started")
            func open() async throws -> Bool {
                try await stage.house.call("GET", "/metrics").text.contains("persona_event_streams 1\n")
            }
            do {
                let (_, body) = try await stage.follow()
                _ = try await events(body, 1)
                #expect(try await open())
            }
            let limit = ContinuousClock.now + .seconds(200)
            while try await open() {
                try #require(ContinuousClock.now < limit)
            }
        }
    }

    @Test func aShutdownEndsTheStreams() async throws {
        try await stage { stage in
            try await stage.history.event(stage.run, 1, "run.started")
            try await servingUntilShutdown(stage.house.services, logger: stage.house.log.logger()) { port, group in
                let other = House(
                    database: stage.house.database, services: stage.house.services, port: port,
                    client: stage.house.client, log: stage.house.log)
                let same = Stage(
                    house: other, owner: stage.owner, run: stage.run, history: stage.history, bell: stage.bell)
                let (_, body) = try await same.follow()
                await group.triggerGracefulShutdown()
                let events = try await self.events(body)
                #expect(events.map(\.type) == ["run.started"])
            }
        }
    }
}
