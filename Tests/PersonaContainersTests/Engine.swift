import DockerEngine
import FoundationEssentials
import Glibc
import PersonaContainers
import Sockets
import TestKit
import Testing

/// The implementations that one suite holds to one contract.
enum Engine: String, Sendable, CaseIterable {
    case bubblewrap, docker

    /// A Docker engine of our own needs root; without it bubblewrap alone is held to the contract.
    static let all: [Engine] = geteuid() == 0 ? [.bubblewrap, .docker] : [.bubblewrap]

    func sandbox(data: String, on loop: PollLoop) async throws -> any PersonaSandbox {
        switch self {
        case .bubblewrap:
            return try await Bubblewrap(program: FixtureProgram.program, data: data, on: loop)
        case .docker:
            return try await DockerSandbox(
                engine: try await PrivateDocker.shared.value, image: PrivateDocker.image, owner: data)
        }
    }
}

/// An engine that this test process starts for itself: no bridge, no firewall rules, its own directories. It ends
/// with the process.
enum PrivateDocker {
    struct Failed: Error { let output: String }

    static let image = "persona-platform/fixture:test"

    static let shared = Task { () async throws -> DockerEngine in
        let root = "/tmp/persona-docker-\(getpid())"
        mkdir(root, 0o700)
        let script = """
            set -e
            cd \(root)
            # Ends with the tests: the loop outlives them by a second at most.
            ( set +e
              dockerd --data-root \(root)/data --exec-root \(root)/exec --pidfile \(root)/pid -H unix://\(root)/docker.sock \\
                --bridge=none --iptables=false --ip6tables=false --ip-masq=false --userland-proxy=false >\(root)/log 2>&1 &
              engine=$!
              while kill -0 \(getpid()) 2>/dev/null; do sleep 1; done
              kill $engine; wait $engine
              umount -l \(root)/data/overlay2 2>/dev/null; rm -rf \(root) ) </dev/null >/dev/null 2>&1 &
            for try in $(seq 200); do
              docker -H unix://\(root)/docker.sock version >/dev/null 2>&1 && break
              sleep 0.1
            done
            mkdir -p image/persona image/tmp image/workspace image/run/persona image/bin image/usr/bin image/etc
            cp \(FixtureProgram.program.executable) image/persona/persona
            for name in sh bash cat ls id hostname stat cut ln mkdir mkfifo curl grep tail head sleep dd touch timeout \\
                echo test unshare mount umount nsenter mknod dmesg su find wc true seq; do
              cp -L "$(command -v $name)" image/usr/bin/ 2>/dev/null || cp -L /usr/bin/$name image/usr/bin/
            done
            cp -a image/usr/bin/sh image/usr/bin/bash image/bin/
            for file in image/persona/persona image/usr/bin/*; do ldd $file 2>/dev/null; done \\
              | grep -o '/[^ ]*' | sort -u | while read library; do
                mkdir -p "image$(dirname $library)"; cp -L "$library" "image$library"
              done
            tar -C image -c . | docker -H unix://\(root)/docker.sock import - \(image)
            """
        let outcome = try await TestProgram.run(["sh", "-c", "(\(script)\n) 2>&1"])
        guard outcome.status == 0 else { throw Failed(output: outcome.text) }
        return DockerEngine(socketPath: "\(root)/docker.sock")
    }
}
