import FoundationEssentials
import Glibc

/// A Docker engine for the whole test process, in name spaces of its own: its bridge, firewall rules, mounts and processes
/// are apart from the machine's, whose own engine does not notice it. It has no way out to any network. It ends with the
/// test process in whatever way that ends, and takes its containers, control groups and files with it.
package struct PrivateEngine: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        package init(description: String) { self.description = description }
    }

    /// Of the engine's API.
    package let socket: String

    private static let started = Once<PrivateEngine>()

    private let root: String

    /// Starts it where no test has yet; throws where this machine cannot, as without root.
    package static func shared() async throws -> PrivateEngine {
        try await started.value { try await start("") }
    }

    /// One of the caller's own, which he may treat badly. It ends with the test process at the latest.
    package static func own(_ name: String) async throws -> PrivateEngine { try await start("-\(name)") }

    /// Kills the engine's own process and starts another over the same data, as whatever supervises engines does.
    package func restart() async throws {
        // The process in the engine's name spaces, by the number that it has outside.
        let script = """
            old=$(pgrep -f "^dockerd --data-root $1/data ") || exit 1
            kill -KILL $old
            for try in $(seq 600); do
              new=$(pgrep -f "^dockerd --data-root $1/data ")
              [ -n "$new" ] && [ "$new" != "$old" ] && docker -H "unix://$1/docker.sock" version >/dev/null 2>&1 && exit 0
              sleep 0.1
            done
            cat "$1/log"; exit 1
            """
        let outcome = try await TestProgram.run(["sh", "-c", script, "restart", root])
        guard outcome.status == 0 else { throw Failure(description: "The engine did not come back:\n\(outcome.text)") }
    }

    /// Ends it with all that runs in it.
    package func end() async {
        _ = try? await TestProgram.run([
            "sh", "-c", "touch \"$1/end\"; while [ -e \"$1\" ]; do sleep 0.1; done", "end", root,
        ])
    }

    /// Runs the Docker client, or a program that calls it, with this engine.
    package func run(
        _ words: [String], environment: [String: String] = [:], input: String = ""
    ) async throws -> TestProgram.Outcome {
        var variables = environment
        variables["DOCKER_HOST"] = "unix://\(socket)"
        // The older builder needs no plug-in, and no access to a registry.
        variables["DOCKER_BUILDKIT"] = "0"
        return try await TestProgram.run(["env"] + variables.map { "\($0.key)=\($0.value)" } + words, input: input)
    }

    /// `run`; throws with what the program printed unless it ended well.
    @discardableResult
    package func succeed(_ words: [String], environment: [String: String] = [:]) async throws -> String {
        let outcome = try await run(words, environment: environment)
        guard outcome.status == 0 else {
            let command = words.filter { !$0.contains("\n") }.joined(separator: " ")
            throw Failure(description: "'\(command)' ended with \(outcome.status):\n\(outcome.text)")
        }
        return outcome.text
    }

    private static func start(_ suffix: String) async throws -> PrivateEngine {
        guard geteuid() == 0 else {
            throw Failure(description: "A Docker engine needs root; run these tests as root.")
        }
        // Images are large, and /tmp may be in memory.
        let root = "/var/tmp/persona-docker\(suffix)-\(getpid())"
        mkdir(root, 0o711)
        let outcome = try await TestProgram.run(["sh", "-c", script, "engine", root, "\(getpid())"])
        guard outcome.status == 0 else {
            throw Failure(description: "A Docker engine cannot be started on this machine:\n\(outcome.text)")
        }
        return PrivateEngine(socket: "\(root)/docker.sock", root: root)
    }

    /// Arguments: the engine's directory, and the process that it ends with, which the loop outlives by seconds. Control
    /// groups are the engine's own to make: systemd, which could make them too, does not know the process ids in here.
    private static let script = """
        root=$1 tests=$2
        PATH=$PATH:/usr/sbin:/sbin
        for program in dockerd docker runsc unshare ip; do
          command -v $program >/dev/null || { echo "there is no program '$program'"; exit 1; }
        done
        # Of tests that were ended together with the loop below.
        for left in "${root%-*}"-*; do kill -0 "${left##*-}" 2>/dev/null || rm -rf "$left"; done
        # gVisor by ptrace, which runs everywhere, and with sockets of the host that are mounted into a container.
        printf '#!/bin/sh\\nexec %s --platform=ptrace --network=none --host-uds=open "$@"\\n' "$(command -v runsc)" >"$root/runsc"
        chmod 755 "$root/runsc"
        ( unshare --net --mount --pid --fork --kill-child --mount-proc sh -c '
            ip link set lo up
            trap "ended=yes; kill -TERM \\$engine" TERM
            while [ -z "$ended" ]; do
              dockerd --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/pid" -H "unix://$1/docker.sock" \\
                --cgroup-parent "/${1##*/}" --exec-opt native.cgroupdriver=cgroupfs --add-runtime "runsc=$1/runsc" &
              engine=$!
              wait $engine; wait $engine
              rm -f "$1/pid"
              sleep 0.2
            done' engine "$root" >"$root/log" 2>&1 &
          spaces=$!
          while kill -0 $tests && kill -0 $spaces && [ ! -e "$root/end" ]; do sleep 1; done
          kill -TERM $(cat /proc/$spaces/task/$spaces/children)
          for second in 1 2 3 4 5 6 7 8 9 10; do kill -0 $spaces && sleep 1; done
          kill -KILL $spaces
          wait $spaces
          group=${root##*/}
          find /sys/fs/cgroup -depth -type d \\( -path "*/$group" -o -path "*/$group/*" \\) -exec rmdir {} +
          rm -rf "$root" ) </dev/null >/dev/null 2>&1 &
        for try in $(seq 600); do
          docker -H "unix://$root/docker.sock" version >/dev/null 2>&1 && exit 0
          sleep 0.1
        done
        cat "$root/log"
        exit 1
        """
}
