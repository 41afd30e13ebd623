import Domain
import Egress
import FoundationEssentials
import Glibc
import PersonaContainers
import Sockets
import ToolKit

/// Many personas at once.
enum Crowd {
    /// After the last call, so that start-up's work has settled.
    private static let quiet = Duration.seconds(5)

    static func idle(_ engine: String, program: String, count: Int) async throws {
        let yard = try await Yard(engine, program: program)
        try await start(count, in: yard)
        try await Task.sleep(for: quiet)
        let sizes = Memory.ofProcesses {
            $0.contains("tool-worker") && !$0.hasPrefix("bwrap") && !$0.hasPrefix("/bin/sh")
        }
        await yard.end()
        Report.show([("pss_mib", sizes)])
    }

    static func many(program: String, count: Int, browsers: Int) async throws {
        let yard = try await Yard("bubblewrap", program: program)
        let before = Memory.available
        let begun = ContinuousClock.now
        let personas = try await start(count, in: yard)
        let page = try Page(yard.loop)
        let policy = EgressPolicy(private: ["127.0.0.1:\(page.port)"])
        var opened = 0.0
        for persona in personas.prefix(browsers) {
            let result = try await yard.call(
                "browser.read", ["url": .string("http://127.0.0.1:\(page.port)/"), "name": "page"], persona,
                egress: policy)
            if result.output["title"]?.string == "A page" { opened += 1 }
        }
        let started = Report.milliseconds(.now - begun)
        try await Task.sleep(for: quiet)
        var times: [Double] = []
        for persona in personas {
            let begun = ContinuousClock.now
            do {
                _ = try await yard.call(Starts.first.tool, Starts.first.input, persona)
            } catch let failure as ToolFailure where failure.kind == .invalidInput {}
            times.append(Report.milliseconds(.now - begun))
        }
        let used = before - Memory.available
        await yard.end()
        Report.show([
            ("started_ms", [started]), ("browsers", [opened]), ("used_mib", [used]), ("call_ms", times),
        ])
    }

    @discardableResult
    private static func start(_ count: Int, in yard: Yard) async throws -> [PersonaID] {
        let personas = (0..<count).map { _ in PersonaID.new() }
        // Two at a time: as many as there are processors here.
        for pair in stride(from: 0, to: count, by: 2) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for persona in personas[pair..<min(count, pair + 2)] {
                    group.addTask { try await yard.containers.warm(tenant: yard.tenant, persona: persona) }
                }
                try await group.waitForAll()
            }
        }
        return personas
    }
}

/// What processes and the machine hold, in MiB.
enum Memory {
    /// Proportional sizes of the processes whose command line fits.
    static func ofProcesses(_ fits: (String) -> Bool) -> [Double] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { Int($0) != nil }.compactMap { pid in
            // Gone meanwhile: none.
            guard let line = try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8),
                fits(line.replacing("\0", with: " ")), pid != "\(getpid())",
                let text = try? String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8)
            else { return nil }
            return kibibytes("Pss:", in: text).map { $0 / 1024 }
        }
    }

    static var available: Double {
        let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
        return (kibibytes("MemAvailable:", in: text) ?? 0) / 1024
    }

    private static func kibibytes(_ name: String, in text: String) -> Double? {
        text.split(separator: "\n").first { $0.hasPrefix(name) }?.split(separator: " ").dropFirst().first.flatMap {
            Double($0)
        }
    }
}

/// A page of its own for whoever asks.
private struct Page {
    let port: UInt16

    init(_ loop: PollLoop) throws {
        let listener = try LoopbackListener()
        port = listener.port
        loop.submit { context in
            context.add(
                Acceptor(listener.descriptor) { socket, context in
                    context.add(Visit(socket))
                    return true
                })
        }
    }

    private final class Visit: PollMember {
        private let socket: Descriptor
        let deadline: ContinuousClock.Instant? = nil

        init(_ socket: Descriptor) { self.socket = socket }

        func interests(_ interests: inout PollInterests) { interests.add(socket.raw, POLLIN) }

        func advance(_ ready: PollReady, in context: PollContext) -> Bool {
            var bytes = [UInt8](repeating: 0, count: 4096)
            guard recv(socket.raw, &bytes, bytes.count, 0) > 0 else { return false }
            let page = "<!doctype html><title>A page</title><p>Some words on a page, enough of them to be read.</p>"
            let answer = Array(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: \(page.utf8.count)\r\nConnection: close\r\n\r\n\(page)"
                    .utf8)
            send(socket.raw, answer, answer.count, Int32(MSG_NOSIGNAL))
            return false
        }
    }
}
