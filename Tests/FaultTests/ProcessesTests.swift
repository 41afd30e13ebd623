import FoundationEssentials
import Glibc
import PlatformKit
import TestKit
import Testing

/// What the other tests rely on to see a process that was left behind.
@Suite(.timeLimit(.minutes(2))) struct ProcessesTests {
    @Test func runningProcessIsFoundByWhatItIsAboutAndByItsParentUntilItHasEnded() async throws {
        let mark = UUID().uuidString
        let parent = try await TestProgram.start(["sh", "-c", "sleep 600; : \(mark)"])
        try await until("the child runs") { Processes.descendants(of: parent.pid).count == 1 }
        let child = try #require(Processes.descendants(of: parent.pid).first)
        #expect(Processes.commandLine(of: child).hasPrefix("sleep 600"))
        #expect(Processes.about(mark).count == 1)
        #expect(Processes.state(of: parent.pid) == "S")
        kill(child, SIGKILL)
        _ = await parent.ended()
        #expect(Processes.about(mark).isEmpty)
        #expect(Processes.state(of: parent.pid) == nil)
    }
}
