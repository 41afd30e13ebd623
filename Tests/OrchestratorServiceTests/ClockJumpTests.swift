import Domain
import Postgres
import Store
import Testing

/// The database's clock is set while leases are held and times are to come.
@Suite(.timeLimit(.minutes(2))) struct ClockJumpTests {
    @Test func leasesThatASetClockEndsAreNotTakenUntilTheLivingHadTheirTurn() async throws {
        try await RunDatabase.with { base in
            let (one, two) = (try await base.owner(), try await base.owner())
            let id = try await base.start(LeaseTests.graph)
            let lease = try #require(try await RunLeases(base.database, owner: one).claim().first)
            try await base.admin.execute(
                "UPDATE runs SET lease_until = lease_until - interval '1 hour', ready_at = platform_now()")
            let other = RunLeases(base.database, owner: two)
            #expect(try await other.claim(trustsLeases: false).isEmpty)
            #expect(try await RunLeases(base.database, owner: one).renew() == [lease])
            #expect(try await other.claim().isEmpty)
            // Whose session is gone is dead whatever the clock says.
            await one.close()
            try await base.until { try await other.releaseDead() == 1 }
            #expect(try await other.claim(trustsLeases: false).map(\.run) == [id])
            await two.close()
        }
    }

    @Test func whatWasDueStaysDueAndNoLeaseIsLongerThanALeaseWhenTheClockIsSetBack() async throws {
        try await RunDatabase.with { base in
            let owner = try await base.owner()
            let (due, later) = (try await base.start(LeaseTests.graph), try await base.start(LeaseTests.graph))
            let clock = PlatformClock(base.database)
            // As if the clock had shown one hour more until now: the second run sleeps for two.
            let old = try await clock.now() + 3_600_000
            try await base.admin.execute(
                "UPDATE runs SET ready_at = platform_now() + make_interval(mins => CASE WHEN run_id = $1 THEN 59 ELSE 120 END)",
                [due.value])
            let leases = RunLeases(base.database, owner: owner)
            #expect(try await leases.claim().isEmpty)
            try await clock.wasSetBack(from: old)
            #expect(try await leases.claim().map(\.run) == [due])
            try await base.admin.execute("UPDATE runs SET lease_until = platform_now() + interval '1 hour'")
            try await clock.wasSetBack(from: old)
            let long = try await base.admin.query(
                "SELECT count(*) AS n FROM runs WHERE owner IS NOT NULL AND lease_until > platform_now() + interval '10 s'"
            )
            #expect(try long.first?.int("n") == 0)
            #expect(try await base.run(later).status == .queued)
            await owner.close()
        }
    }
}
