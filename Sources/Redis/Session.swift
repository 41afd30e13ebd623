import CHiredis
import Glibc

/// One hiredis connection, used from one thread only. Every wait has a limit.
final class Session {
    /// hiredis.h, REDIS_BLOCK: cleared, so that reads and writes return at once and `poll` does the waiting.
    private static let blockFlag: Int32 = 0x1

    private let context: UnsafeMutablePointer<redisContext>

    init(_ configuration: RedisConfiguration) throws(RedisError) {
        // hiredis writes with write(2): a peer that is gone would kill the process.
        signal(SIGPIPE, SIG_IGN)
        guard let context = Self.connect(configuration) else { throw RedisError(.unavailable, "out of memory") }
        self.context = context
        guard context.pointee.err == 0 else {
            throw RedisError(.unavailable, "cannot connect to \(configuration): \(Self.message(context))")
        }
        _ = fcntl(context.pointee.fd, F_SETFD, FD_CLOEXEC)
        _ = fcntl(context.pointee.fd, F_SETFL, O_NONBLOCK)
        context.pointee.flags &= ~Self.blockFlag
        try greet(configuration)
    }

    deinit { redisFree(context) }

    private static func connect(_ configuration: RedisConfiguration) -> UnsafeMutablePointer<redisContext>? {
        let (seconds, attoseconds) = configuration.connectTimeout.components
        let limit = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        return switch configuration.address {
        case .socket(let path): redisConnectUnixWithTimeout(path, limit)
        case .host(let host, let port): redisConnectWithTimeout(host, port, limit)
        }
    }

    private func greet(_ configuration: RedisConfiguration) throws(RedisError) {
        let limit = configuration.commandTimeout
        do throws(RedisError) {
            if !configuration.password.isEmpty {
                let user = configuration.user.isEmpty ? [] : [RedisWord(configuration.user)]
                _ = try command(["AUTH"] + user + [RedisWord(configuration.password)], limit: limit)
            }
            if configuration.database != 0 {
                _ = try command(["SELECT", RedisWord(configuration.database)], limit: limit)
            }
        } catch {
            guard error.code == .server else { throw error }
            throw RedisError(.unavailable, "\(configuration) refused the connection: \(error.message)")
        }
    }

    /// Whether the peer has closed its end, or sent what nobody asked for.
    var isStale: Bool {
        !Polled.wait(socket: context.pointee.fd, writing: false, bell: nil, until: .now).isEmpty
    }

    func command(_ words: [RedisWord], limit: Duration) throws(RedisError) -> RedisValue {
        append(words)
        let deadline = ContinuousClock.now + limit
        try flush(until: deadline)
        guard let value = try reply(until: deadline) else {
            throw RedisError(.timedOut, "no answer to \(Self.name(words)) within \(limit)")
        }
        if case .error(let message) = value { throw RedisError(.server, message) }
        return value
    }

    func append(_ words: [RedisWord]) {
        var bytes: [UInt8] = []
        var starts: [Int] = []
        for word in words {
            starts.append(bytes.count)
            bytes += word.bytes
        }
        bytes.append(0)
        bytes.withUnsafeBytes { buffer in
            var pointers = starts.map {
                buffer.baseAddress?.advanced(by: $0).assumingMemoryBound(to: CChar.self)
            }
            // Fails only when memory is exhausted; the reply then times out.
            _ = redisAppendCommandArgv(context, Int32(clamping: words.count), &pointers, words.map(\.bytes.count))
        }
    }

    func flush(until limit: ContinuousClock.Instant) throws(RedisError) {
        var done: Int32 = 0
        while true {
            guard redisBufferWrite(context, &done) == REDIS_OK else { throw lost() }
            if done == 1 { return }
            if Polled.wait(socket: context.pointee.fd, writing: true, bell: nil, until: limit).isEmpty {
                throw RedisError(.timedOut, "the server does not read what is sent")
            }
        }
    }

    /// The next reply; nil if the bell rang (and is still ringing) or the limit passed.
    func reply(until limit: ContinuousClock.Instant, bell: Doorbell? = nil) throws(RedisError) -> RedisValue? {
        while true {
            var pointer: UnsafeMutableRawPointer?
            guard redisGetReplyFromReader(context, &pointer) == REDIS_OK else { throw lost() }
            if let pointer {
                defer { freeReplyObject(pointer) }
                return Self.value(pointer.assumingMemoryBound(to: redisReply.self).pointee)
            }
            let ready = Polled.wait(socket: context.pointee.fd, writing: false, bell: bell, until: limit)
            guard ready.contains(.socket) else { return nil }
            guard redisBufferRead(context) == REDIS_OK else { throw lost() }
        }
    }

    private func lost() -> RedisError {
        RedisError(.connectionLost, "the connection broke: \(Self.message(context))")
    }

    /// Only the command's name: its words may be secret.
    static func name(_ words: [RedisWord]) -> String {
        words.first.map { String(decoding: $0.bytes, as: UTF8.self) } ?? "an empty command"
    }

    private static func message(_ context: UnsafeMutablePointer<redisContext>) -> String {
        withUnsafeBytes(of: &context.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    private static func value(_ reply: redisReply) -> RedisValue {
        switch reply.type {
        case REDIS_REPLY_INTEGER: return .integer(Int(reply.integer))
        case REDIS_REPLY_STRING: return .bytes(bytes(reply))
        case REDIS_REPLY_STATUS: return .status(String(decoding: bytes(reply), as: UTF8.self))
        case REDIS_REPLY_ERROR: return .error(String(decoding: bytes(reply), as: UTF8.self))
        case REDIS_REPLY_ARRAY:
            return .array((0..<reply.elements).map { reply.element[$0].map { value($0.pointee) } ?? .null })
        default: return .null
        }
    }

    private static func bytes(_ reply: redisReply) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: reply.str, count: reply.len))
    }
}
