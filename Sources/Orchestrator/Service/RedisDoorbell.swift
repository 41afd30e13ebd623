package import Domain
package import Redis

/// Rings across processes over Redis: one channel, ids only. While Redis is away rings are lost and nothing else.
package final class RedisDoorbell: Doorbell {
    private static let channel = "persona:doorbell"

    private let configuration: RedisConfiguration
    private let connection: RedisConnection

    package init(_ configuration: RedisConfiguration) throws {
        self.configuration = configuration
        connection = try RedisConnection(configuration)
    }

    package func ring(_ rings: [DoorbellRing]) async {
        let commands = rings.map { ring -> [RedisWord] in ["PUBLISH", RedisWord(Self.channel), RedisWord(ring.text)] }
        // A lost ring costs a sweep's time: whoever rings has committed and must not fail.
        _ = try? await connection.pipeline(commands)
    }

    package func rings() async -> AsyncStream<DoorbellRing> {
        // Without threads or sockets there is no stream; the listener's sweep still finds everything.
        guard let subscription = try? RedisSubscription(configuration, channels: [Self.channel]) else {
            return AsyncStream { $0.finish() }
        }
        let (stream, continuation) = AsyncStream.makeStream(
            of: DoorbellRing.self, bufferingPolicy: .bufferingNewest(LocalDoorbell.buffer))
        let reader = Task {
            for await event in subscription.events {
                guard case .message(_, let payload) = event,
                    let ring = DoorbellRing(text: String(decoding: payload, as: UTF8.self))
                else { continue }
                continuation.yield(ring)
            }
            continuation.finish()
        }
        // The stream's end is the reader's only owner; the task ends with it.
        continuation.onTermination = { _ in
            subscription.close()
            reader.cancel()
        }
        return stream
    }

    package func close() { connection.close() }
}

extension DoorbellRing {
    /// `run:<tenant>:<id>`, the form on the wire.
    var text: String {
        switch self {
        case .run(let tenant, let run): "run:\(tenant):\(run)"
        case .job(let tenant, let job): "job:\(tenant):\(job)"
        case .event(let tenant, let run): "event:\(tenant):\(run)"
        }
    }

    init?(text: String) {
        let parts = text.split(separator: ":")
        guard parts.count == 3, let tenant = TenantID(parts[1]) else { return nil }
        switch parts[0] {
        case "run":
            guard let run = RunID(parts[2]) else { return nil }
            self = .run(tenant, run)
        case "job":
            guard let job = JobID(parts[2]) else { return nil }
            self = .job(tenant, job)
        case "event":
            guard let run = RunID(parts[2]) else { return nil }
            self = .event(tenant, run)
        default: return nil
        }
    }
}
