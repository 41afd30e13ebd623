import Domain
import FoundationEssentials
import Glibc
import ToolHost
import ToolKit

/// What runs inside a sandbox in tests: `ToolHostFixture tool-worker --socket … --egress … --workspace …`.
@main
enum Fixture {
    static func main() async throws {
        var options: [String: String] = [:]
        var words = CommandLine.arguments.dropFirst(2)
        while let name = words.popFirst(), let value = words.popFirst() { options[name] = value }
        guard let socket = options["--socket"], let workspace = options["--workspace"] else { exit(64) }
        try await ToolHost.run(
            socketPath: socket, egressPath: options["--egress"], workspace: workspace,
            registry: ToolRegistry([
                Echo(), Shell(), Publish(), Effect(), Wait(), Crash(), Grab(), Keep(), Escape(), Flood(), Chatter(),
                Program(),
            ]))
    }
}

struct Echo: Tool {
    struct Message: Codable, Sendable { var text: String }
    static let descriptor = ToolDescriptor(name: "test.echo", summary: "Says it again.", effect: .read)

    func call(_ input: Message, in context: ToolContext) async throws -> Message {
        context.progress("echoing", fraction: 0.5)
        return input
    }
}

/// Runs a shell command; `$PROXY` is the proxy's address.
struct Shell: Tool {
    struct Input: Codable, Sendable { var script: String }
    struct Output: Codable, Sendable {
        var status: Int
        var text: String
    }
    static let descriptor = ToolDescriptor(
        name: "test.shell", summary: "Runs a script.", effect: .read, usesNetwork: true)

    func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let file = "\(context.directory)/shell-\(UInt64.random(in: 0 ... .max))"
        let status =
            "cd '\(context.directory)'; export PROXY='\(context.proxy ?? "")'; (\(input.script)\n) >\(file) 2>&1"
            .withCString { system($0) }
        let bytes = (try? Data(contentsOf: URL(filePath: file))) ?? Data()  // no output: as good as empty
        return Output(status: Int(status >> 8), text: String(decoding: bytes, as: UTF8.self))
    }
}

/// Publishes a path as it is told, whatever that path is.
struct Publish: Tool {
    struct Input: Codable, Sendable {
        var path: String
        var text: String?
    }
    struct Output: Codable, Sendable {}
    static let descriptor = ToolDescriptor(name: "test.publish", summary: "Publishes a file.", effect: .read)

    func call(_ input: Input, in context: ToolContext) async throws -> Output {
        if let text = input.text {
            try Data(text.utf8).write(to: URL(filePath: "\(context.directory)/\(input.path)"))
        }
        context.publish(
            WorkspaceFile(
                path: input.path, name: "artifact.txt", mediaType: "text/plain", size: input.text?.utf8.count ?? 0))
        return Output()
    }
}

/// Marks both phases and says where it was fenced; `dies` ends the process after the first mark.
struct Effect: Tool {
    struct Input: Codable, Sendable { var dies: Bool }
    struct Output: Codable, Sendable {}
    static let descriptor = ToolDescriptor(name: "test.effect", summary: "Has an effect.", effect: .nonIdempotent)

    func call(_ input: Input, in context: ToolContext) async throws -> Output {
        try await context.mark(.transmitting)
        if input.dies { _exit(3) }
        try await context.mark(.accepted)
        return Output()
    }
}

/// Waits for its cancellation, or for ever.
struct Wait: Tool {
    struct Input: Codable, Sendable { var stubborn: Bool }
    struct Output: Codable, Sendable {}
    static let descriptor = ToolDescriptor(name: "test.wait", summary: "Waits.", effect: .read)

    func call(_ input: Input, in context: ToolContext) async throws -> Output {
        context.progress("waiting")
        let wait = Task { try await Task.sleep(for: .seconds(3600)) }
        // A task of its own hears nothing of this one's cancellation; a sleep repeated in it would spin.
        if input.stubborn { try await wait.value }
        try await withTaskCancellationHandler {
            try await wait.value
        } onCancel: {
            wait.cancel()
        }
        return Output()
    }
}

struct Crash: Tool {
    struct Input: Codable, Sendable {}
    struct Output: Codable, Sendable {}
    static let descriptor = ToolDescriptor(name: "test.crash", summary: "Aborts.", effect: .read)

    func call(_ input: Input, in context: ToolContext) async throws -> Output {
        abort()
    }
}

/// Takes memory until it is stopped.
struct Grab: Tool {
    struct Input: Codable, Sendable {}
    struct Output: Codable, Sendable {}
    static let descriptor = ToolDescriptor(name: "test.grab", summary: "Takes memory.", effect: .read)

    func call(_ input: Input, in context: ToolContext) async throws -> Output {
        var blocks: [[UInt8]] = []
        while !Task.isCancelled { blocks.append([UInt8](repeating: UInt8(blocks.count & 0xFF), count: 1 << 20)) }
        return Output()
    }
}

struct Keep: Tool {
    struct Input: Codable, Sendable { var secret: String }
    struct Output: Codable, Sendable { var length: Int }
    static let descriptor = ToolDescriptor(
        name: "test.secret", summary: "Measures a secret.", effect: .read, secrets: ["test.key"])

    func call(_ input: Input, in context: ToolContext) async throws -> Output {
        Output(length: try context.secret(input.secret).reveal().utf8.count)
    }
}
