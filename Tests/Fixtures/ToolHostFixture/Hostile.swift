import Domain
import EscapeAttempts
import Glibc
import ToolKit

/// Makes every attempt to get out and gives the names of those that did.
struct Escape: Tool {
    struct Input: Codable, Sendable {
        var directory: String
        var socket: String
        var abstractSocket: String
        var port: Int
        var memoryKey: Int
        var process: Int
    }
    struct Output: Codable, Sendable {
        var made: Int
        var out: [String]
    }
    static let descriptor = ToolDescriptor(name: "test.escape", summary: "Tries to get out.", effect: .read)

    func call(_ input: Input, in context: ToolContext) async throws -> Output {
        var output = Output(made: 0, out: [])
        input.directory.withCString { directory in
            input.socket.withCString { socket in
                input.abstractSocket.withCString { abstract in
                    var outside = persona_outside(
                        directory: directory, socket: socket, abstract_socket: abstract,
                        port: Int32(truncatingIfNeeded: input.port),
                        memory_key: Int32(truncatingIfNeeded: input.memoryKey),
                        process: Int32(truncatingIfNeeded: input.process))
                    var name: UnsafePointer<CChar>?
                    while case let outcome = persona_escape(Int32(output.made), &outside, &name),
                        outcome != persona_no_such_attempt
                    {
                        if outcome == persona_out, let name { output.out.append(String(cString: name)) }
                        output.made += 1
                    }
                }
            }
        }
        return output
    }
}

/// Writes `bytes` to standard output, or answers with as many.
struct Flood: Tool {
    struct Input: Codable, Sendable {
        var bytes: Int
        var isAnswer: Bool
    }
    struct Output: Codable, Sendable { var text: String }
    static let descriptor = ToolDescriptor(name: "test.flood", summary: "Says too much.", effect: .read)

    func call(_ input: Input, in context: ToolContext) async throws -> Output {
        if input.isAnswer { return Output(text: String(repeating: "x", count: input.bytes)) }
        let block = [UInt8](repeating: 0x78, count: 1 << 20)
        var left = input.bytes
        while left > 0 { left -= max(1, write(1, block, min(left, block.count))) }
        return Output(text: "")
    }
}

/// Reports its progress `count` times and then waits for its end.
struct Chatter: Tool {
    struct Input: Codable, Sendable {
        var count: Int
        var text: String
    }
    struct Output: Codable, Sendable {}
    static let descriptor = ToolDescriptor(name: "test.chatter", summary: "Reports.", effect: .read)

    func call(_ input: Input, in context: ToolContext) async throws -> Output {
        for number in 1...max(1, input.count) {
            context.progress("\(input.text) \(number)", fraction: Double(number) / Double(input.count))
        }
        return Output()
    }
}

/// Runs a shell command and fails where it does.
struct Program: Tool {
    struct Input: Codable, Sendable { var script: String }
    struct Output: Codable, Sendable {}
    static let descriptor = ToolDescriptor(name: "test.program", summary: "Runs a program.", effect: .read)

    func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let status = "bash -c 'set -o pipefail; \(input.script)' >/dev/null 2>&1".withCString { system($0) }
        guard status == 0 else {
            throw ToolFailure(.transient, code: "program_failed", "It ended with \(status >> 8).")
        }
        return Output()
    }
}
