import Domain
import Foundation
import ShellTool
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(5))) struct ShellTests {
    private let bench: Bench

    init() throws { bench = try Bench(ShellTools.all) }

    @Test func programsRunInTheWorkspaceWithoutAShell() async throws {
        try bench.put("b\na\n$HOME\n", "in.txt")
        let output = try await bench.call("shell.run", ["command": ["sort", "in.txt"]])
        #expect(output["stdout"] == "$HOME\na\nb\n")
        #expect(output["ok"] == true)
        let plain = try await bench.call("shell.run", ["command": ["echo", "$HOME; rm -rf * | `id`", "*"]])
        #expect(plain["stdout"] == "$HOME; rm -rf * | `id` *\n")
        #expect(bench.phases == [])
        try await bench.call("shell.run", ["command": ["touch", "made"]])
        #expect(bench.phases == [.transmitting])
        #expect(bench.exists("made"))
    }

    @Test func pipelinesJoinPrograms() async throws {
        let output = try await bench.call(
            "shell.run",
            ["pipeline": [["cat"], ["sort", "-r"], ["head", "-n", "1"]], "stdin": "1\n3\n2\n", "save_to": "top.txt"])
        #expect(output["stdout"] == "3\n")
        #expect(output["exits"]?.array?.count == 3)
        #expect(try bench.text("top.txt") == "3\n")
        let early = try await bench.call("shell.run", ["pipeline": [["yes"], ["head", "-n", "2"]]])
        #expect(early["stdout"] == "y\ny\n")
        #expect(early["exits"]?[0]?["signal"] == "SIGPIPE")
    }

    @Test func statusAndSignalAreNamed() async throws {
        #expect(
            try await bench.call("shell.run", ["command": ["false"]])["exits"] == [
                ["program": "false", "exit_status": 1]
            ])
        let died = try await bench.call(
            "shell.run",
            [
                "command": [
                    "python3", "-c",
                    "import os, sys; sys.stderr.write('bye'); sys.stderr.flush(); os.kill(os.getpid(), 11)",
                ]
            ])
        #expect(died["exits"] == [["program": "python3", "signal": "SIGSEGV"]])
        #expect(died["stderr"] == "bye")
        #expect(died["ok"] == false)
    }

    @Test func aGigabyteIsSurvived() async throws {
        let output = try await bench.call(
            "shell.run",
            [
                "pipeline": [["yes", "0123456789abcde"], ["head", "-c", "1G"]], "max_output_bytes": 1_000,
                "timeout_seconds": 90,
            ])
        #expect(output["stdout_bytes"] == 1_073_741_824)
        #expect(output["truncated"] == true)
        let text = output["stdout"]?.string ?? ""
        #expect(text.hasPrefix("0123456789abcde\n") && text.hasSuffix("0123456789abcde\n"))
        #expect(text.contains("1073740824 bytes left out"))
        #expect(text.utf8.count < 1_100)
    }

    @Test func timeEndsEverything() async throws {
        let mark = "shell-test-\(UUID().uuidString)"
        // One child ignores signals, one leaves the group and the session, one only sleeps.
        let script = """
            import os, signal, subprocess, time, sys
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            sys.stdout.write('begun'); sys.stdout.flush()
            subprocess.Popen(['sleep', '600'], start_new_session=True)
            subprocess.Popen([sys.executable, '-c', 'import os, time; os.setsid(); time.sleep(600)', '\(mark)'])
            time.sleep(600)
            """
        let output = try await bench.call(
            "shell.run", ["command": ["python3", "-c", .string(script), .string(mark)], "timeout_seconds": 2])
        #expect(output["timed_out"] == true)
        #expect(output["stdout"] == "begun")
        #expect(output["exits"]?[0]?["signal"] == "SIGKILL")
        let running = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { pid in
            let line = try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)  // gone meanwhile
            return Int(pid) != nil && line?.contains(mark) == true
        }
        #expect(running == [])
    }

    @Test func cancellationEndsEverything() async throws {
        let bench = bench
        let call = Task {
            try await bench.call("shell.run", ["command": ["sleep", "600"], "timeout_seconds": 600], seconds: 600)
        }
        call.cancel()
        let output = try await call.value
        #expect(output["timed_out"] == true)
    }

    @Test func onlyListedProgramsRun() async throws {
        for words in [["bash", "-c", "id"], ["sh"], ["/bin/cat"], ["./cat"], ["../usr/bin/cat"], ["curl"], [""]]
            as [[String]]
        {
            let failure = await bench.failure("shell.run", ["command": .array(words.map { .string($0) })])
            #expect(failure?.code == "program_not_allowed")
        }
        try bench.put("#!/bin/sh\necho mine\n", "sort")
        #expect(try await bench.call("shell.run", ["command": ["sort"], "stdin": "x"])["stdout"] == "x\n")
        for input in [
            [:], ["command": []], ["command": ["cat", "a\u{0}b"]], ["command": ["cat"], "pipeline": [["cat"]]],
            ["command": ["cat"], "directory": "../"],
        ] as [JSONValue] {
            #expect(await bench.failure("shell.run", input)?.kind == .invalidInput)
        }
    }

    @Test func nothingOfThePlatformIsInherited() async throws {
        setenv("PERSONA_TEST_SECRET", "s3cret", 1)
        let output = try await bench.call(
            "shell.run",
            ["command": ["python3", "-c", "import os; print(sorted(os.environ), os.listdir('/proc/self/fd'))"]])
        let text = output["stdout"]?.string ?? ""
        #expect(!text.contains("PERSONA_TEST_SECRET"))
        #expect(text.contains("['0', '1', '2', '3']"))
    }

    @Test func inputOfAnySizeGoesIn() async throws {
        try bench.put(String(repeating: "x\n", count: 1_000_000), "big.txt")
        let output = try await bench.call("shell.run", ["command": ["wc", "-l"], "stdin_path": "big.txt"])
        #expect(output["stdout"] == "1000000\n")
        let unread = try await bench.call("shell.run", ["command": ["true"], "stdin_path": "big.txt"])
        #expect(unread["ok"] == true)
    }
}
