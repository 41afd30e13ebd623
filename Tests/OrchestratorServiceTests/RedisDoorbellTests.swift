import Domain
import OrchestratorService
import Redis
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct RedisDoorbellTests {
    @Test func ringIsHeardInAnotherProcess() async throws {
        let url = try await TestServices.shared.redisURL()
        let (here, there) = (
            try RedisDoorbell(RedisConfiguration(url: url)), try RedisDoorbell(RedisConfiguration(url: url))
        )
        let wanted: [DoorbellRing] = [.run(.new(), .new()), .job(.new(), .new()), .event(.new(), .new())]
        let rings = await there.rings()
        let heard = try await withThrowingTaskGroup(of: Set<DoorbellRing>.self) { group in
            group.addTask {
                var heard: Set<DoorbellRing> = []
                for await ring in rings where wanted.contains(ring) {
                    heard.insert(ring)
                    if heard.count == wanted.count { break }
                }
                return heard
            }
            group.addTask {
                // The subscription takes hold at some moment: rings before it are lost, as rings may be.
                while !Task.isCancelled {
                    await here.ring(wanted)
                    try await Task.sleep(for: .milliseconds(5))
                }
                return []
            }
            let first = try await group.next() ?? []
            group.cancelAll()
            return first
        }
        #expect(heard == Set(wanted))
        here.close()
        there.close()
    }

    @Test func ringsWithoutRedisAreDroppedAndNothingFails() async throws {
        let bell = try RedisDoorbell(RedisConfiguration(url: "unix:///nowhere/redis.sock"))
        await bell.ring([.run(.new(), .new())])
        bell.close()
    }
}
