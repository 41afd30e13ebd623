import FoundationEssentials
import Glibc
import Sockets

/// The Engine API over its Unix socket (version 1.41, Docker 20.10 and later). Each request has a connection and a
/// thread of its own: the engine may take long, and waiting for a container takes as long as the container lives.
package struct DockerEngine: Sendable {
    private static let version = "v1.41"

    private let socketPath: String

    package init(socketPath: String = "/var/run/docker.sock") { self.socketPath = socketPath }

    /// The engine's version, such as `20.10.24`; also what tells whether it is there.
    package func serverVersion() async throws(DockerError) -> String {
        struct Version: Decodable {
            var version: String
            enum CodingKeys: String, CodingKey { case version = "Version" }
        }
        return try await ask("GET", "/version", as: Version.self).version
    }

    /// The id of a local image, or `nil` where there is none of that name.
    package func image(_ name: String) async throws(DockerError) -> String? {
        struct Image: Decodable {
            var id: String
            enum CodingKeys: String, CodingKey { case id = "Id" }
        }
        do {
            return try await ask("GET", "/images/\(Self.escaped(name))/json", as: Image.self).id
        } catch  where error.status == 404 {
            return nil
        }
    }

    /// Makes a container and gives its id.
    package func create(_ container: DockerContainer, name: String) async throws(DockerError) -> String {
        struct Created: Decodable {
            var id: String
            enum CodingKeys: String, CodingKey { case id = "Id" }
        }
        return try await ask(
            "POST", "/containers/create?name=\(Self.escaped(name))", body: container, as: Created.self
        ).id
    }

    package func start(_ id: String) async throws(DockerError) { _ = try await send("POST", "/containers/\(id)/start") }

    /// Waits until the container has ended; its exit status.
    package func wait(_ id: String) async throws(DockerError) -> Int {
        struct Ended: Decodable {
            var status: Int
            enum CodingKeys: String, CodingKey { case status = "StatusCode" }
        }
        return try await ask("POST", "/containers/\(id)/wait", as: Ended.self).status
    }

    package func inspect(_ id: String) async throws(DockerError) -> DockerState {
        struct Inspection: Decodable {
            var state: DockerState
            enum CodingKeys: String, CodingKey { case state = "State" }
        }
        return try await ask("GET", "/containers/\(id)/json", as: Inspection.self).state
    }

    /// SIGKILL to all its processes. A container that has ended or is gone is as good as killed.
    package func kill(_ id: String) async throws(DockerError) {
        do {
            _ = try await send("POST", "/containers/\(id)/kill")
        } catch  where error.status == 404 || error.status == 409 {}
    }

    /// Makes its processes stand still. One that does already is as good as paused.
    package func pause(_ id: String) async throws(DockerError) {
        do {
            _ = try await send("POST", "/containers/\(id)/pause")
        } catch  where error.status == 409 {}
    }

    /// One that goes on already is as good as resumed.
    package func resume(_ id: String) async throws(DockerError) {
        do {
            _ = try await send("POST", "/containers/\(id)/unpause")
        } catch  where error.status == 409 || error.status == 500 {}
    }

    /// Whether the engine remembers that something happened to it: `oom`, `kill`.
    package func remembers(_ event: String, of id: String) async throws(DockerError) -> Bool {
        let filter = Self.escaped("{\"container\":[\"\(id)\"],\"event\":[\"\(event)\"]}")
        // With a time to end at, the engine answers with what has been, a line an event.
        return try await !send("GET", "/events?since=1&until=\(time(nil))&filters=\(filter)").isEmpty
    }

    /// Names of the runtimes that it can start containers with.
    package func runtimes() async throws(DockerError) -> Set<String> {
        struct Information: Decodable {
            struct Runtime: Decodable {}
            var runtimes: [String: Runtime]
            enum CodingKeys: String, CodingKey { case runtimes = "Runtimes" }
        }
        return Set(try await ask("GET", "/info", as: Information.self).runtimes.keys)
    }

    /// Removes a container, running or not. One that is gone is as good as removed.
    package func remove(_ id: String) async throws(DockerError) {
        do {
            _ = try await send("DELETE", "/containers/\(id)?force=true&v=true")
        } catch  where error.status == 404 || error.status == 409 {}
    }

    /// All containers, ended ones included, that carry `label` (`name=value`).
    package func list(label: String) async throws(DockerError) -> [DockerEntry] {
        let filter = Self.escaped("{\"label\":[\"\(label)\"]}")
        return try await ask("GET", "/containers/json?all=true&filters=\(filter)", as: [DockerEntry].self)
    }

    /// The end of what a container wrote, at most `lines` lines, stripped of the stream's 8-byte frame headers.
    package func logs(_ id: String, lines: Int) async throws(DockerError) -> String {
        let bytes = try await send("GET", "/containers/\(id)/logs?stdout=true&stderr=true&tail=\(lines)")
        var text: [UInt8] = []
        var start = 0
        while start + 8 <= bytes.count {
            let size = bytes[(start + 4)..<(start + 8)].reduce(0) { $0 << 8 | Int($1) }
            let end = min(bytes.count, start + 8 + size)
            text += bytes[(start + 8)..<end]
            start = end
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func ask<Answer: Decodable>(
        _ method: String, _ path: String, body: (some Encodable & Sendable)? = String?.none, as type: Answer.Type
    ) async throws(DockerError) -> Answer {
        let bytes = try await send(method, path, body: body)
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw DockerError(status: 0, "The engine's answer to \(method) \(path) is not what it should be: \(error)")
        }
    }

    private func send(
        _ method: String, _ path: String, body: (some Encodable & Sendable)? = String?.none
    ) async throws(DockerError) -> [UInt8] {
        let result = OneShot<Result<[UInt8], DockerError>>()
        let content: [UInt8]
        do {
            content = try body.map { Array(try JSONEncoder().encode($0)) } ?? []
            let request = Self.request(method, path, content)
            let socketPath = socketPath
            try OwnThread.start(named: "docker") { result.settle(Self.exchange(socketPath, request)) }
        } catch {
            throw DockerError(status: 0, "The request could not be made: \(error)")
        }
        return try await result.value().get()
    }

    private static func request(_ method: String, _ path: String, _ body: [UInt8]) -> [UInt8] {
        var head = "\(method) /\(version)\(path) HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n"
        if method == "POST" { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
        return Array((head + "\r\n").utf8) + body
    }

    private static func exchange(_ socketPath: String, _ request: [UInt8]) -> Result<[UInt8], DockerError> {
        do {
            let socket = try UnixSocket.connect(to: socketPath, nonBlocking: false)
            var sent = 0
            while sent < request.count {
                let count = request.withUnsafeBytes { bytes in
                    Glibc.send(
                        socket.raw, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { throw SocketError.system("send_failed", "the engine closed the connection") }
                sent += count
            }
            var answer = HTTPAnswer()
            var buffer = [UInt8](repeating: 0, count: 64 * 1024)
            while !answer.isWhole {
                let count = recv(socket.raw, &buffer, buffer.count, 0)
                guard count >= 0 else { throw SocketError.system("receive_failed", "the engine does not answer") }
                try answer.append(buffer[..<count])
            }
            guard answer.status < 300 else { return .failure(refusal(answer)) }
            return .success(answer.body)
        } catch {
            return .failure(DockerError(status: 0, "The Docker engine at \(socketPath) cannot be used: \(error)"))
        }
    }

    private static func refusal(_ answer: HTTPAnswer) -> DockerError {
        struct Words: Decodable { var message: String }
        let words = try? JSONDecoder().decode(Words.self, from: Data(answer.body))  // else the bytes as they are
        return DockerError(
            status: answer.status, words?.message ?? String(decoding: answer.body.prefix(300), as: UTF8.self))
    }

    /// Percent-encodes all but RFC 3986's unreserved characters, and `/` and `:` of image names.
    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E, 0x2F, 0x3A:
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }
}

/// How a container stands, as `GET /containers/{id}/json` says.
package struct DockerState: Sendable, Hashable, Decodable {
    package var isRunning: Bool
    package var ranOutOfMemory: Bool
    package var exitCode: Int

    enum CodingKeys: String, CodingKey {
        case isRunning = "Running"
        case ranOutOfMemory = "OOMKilled"
        case exitCode = "ExitCode"
    }
}

/// A container among others, as `GET /containers/json` says.
package struct DockerEntry: Sendable, Hashable, Decodable {
    package var id: String
    package var labels: [String: String]

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case labels = "Labels"
    }
}
