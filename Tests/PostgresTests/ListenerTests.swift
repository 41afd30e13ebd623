import Postgres
import Testing

@Suite(.timeLimit(.minutes(10))) struct ListenerTests {
    @Test func notificationsArriveAndALostConnectionIsReported() async throws {
        try await Database.with { database in
            var configuration = database.configuration
            configuration.applicationName = database.schema
            let sender = try await database.connect()
            let listener = try PostgresListener(configuration, channels: [database.schema, "odd \"name"])
            var events = listener.events.makeAsyncIterator()
            #expect(await events.next() == .listening)
            try await sender.execute("SELECT pg_notify($1, $2)", [.text(database.schema), "one"])
            #expect(await events.next() == .notification(channel: database.schema, payload: "one"))
            try await sender.execute("SELECT pg_notify($1, '')", ["odd \"name"])
            #expect(await events.next() == .notification(channel: "odd \"name", payload: ""))

            try await sender.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
                [.text(database.schema)])
            #expect(await events.next() == .reconnected)
            try await sender.execute("SELECT pg_notify($1, $2)", [.text(database.schema), "two"])
            #expect(await events.next() == .notification(channel: database.schema, payload: "two"))

            listener.close()
            #expect(await events.next() == nil)
            try await eventually {
                try await sender.query(
                    "SELECT FROM pg_stat_activity WHERE application_name = $1", [.text(database.schema)]
                ).isEmpty
            }
        }
    }

    @Test func listenerWithoutAServerEndsWhenClosed() async throws {
        let listener = try PostgresListener(PostgresConfiguration(dsn: "host=/nonexistent"), channels: ["x"])
        listener.close()
        for await event in listener.events { Issue.record("unexpected \(event)") }
    }
}
