import Domain
import FoundationEssentials
import Glibc
import Sockets
package import ToolKit

/// The sandbox's side of a persona: takes calls from the platform's socket and runs tools.
package enum ToolHost {
    /// Calls at once; the platform bounds them lower, so that this one is only a guard.
    private static let concurrentCalls = 16

    /// Serves calls until the platform closes its socket, then calls `ending`, which by default ends the process at
    /// once: a tool that ignores cancellation must not outlive the platform.
    ///
    /// - Parameters:
    ///   - socketPath: the platform's listening Unix socket.
    ///   - egressPath: the platform's proxy socket, offered to tools as an address on the loopback interface;
    ///     `nil` where the sandbox has no way out.
    ///   - workspace: absolute path of the persona's workspace; calls name directories below it.
    package static func run(
        socketPath: String, egressPath: String?, workspace: String, registry: ToolRegistry,
        ending: @escaping @Sendable () -> Void = { _exit(0) }
    ) async throws {
        signal(SIGPIPE, SIG_IGN)
        let loop = try PollLoop(name: "tool-host")
        let proxy = try egressPath.map { path in try LoopbackForwarder.start(on: loop, to: path) }
        let socket = try UnixSocket.connect(to: socketPath)
        let channel = FrameChannel(socket, on: loop, maximumBytes: ToolFrame.maximumBytes)
        let link = PlatformLink(channel)
        try link.send(.ready(tools: registry.descriptors))
        await withDiscardingTaskGroup { group in
            for await frame in channel.frames {
                channel.consumed()
                // A platform that cannot be understood is as good as gone: the sandbox ends.
                guard let message = try? JSONDecoder().decode(PlatformMessage.self, from: Data(frame)) else { break }
                switch message {
                case .marked(let call, let accepted): link.marked(call, accepted: accepted)
                case .cancel(let call): link.cancel(call)
                case .call(let call):
                    guard let running = link.begin(call, limit: concurrentCalls) else { continue }
                    group.addTask {
                        await running.perform(registry: registry, workspace: workspace, proxy: proxy)
                        link.end(call.call)
                    }
                }
            }
            link.close()
            ending()
        }
        loop.stop()
    }
}
