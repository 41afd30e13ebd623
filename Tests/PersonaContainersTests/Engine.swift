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

/// The tests' own engine, with an image that holds the fixture and the programs that its shell calls.
enum PrivateDocker {
    static let image = "persona-platform/fixture:test"

    static let shared = Task { () async throws -> DockerEngine in
        let engine = try await PrivateEngine.shared()
        let root = try TemporaryTree.make("fixture-image")
        let script = """
            set -e
            cd \(root)
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
            tar -C image -c . | docker import - \(image)
            """
        try await engine.succeed(["sh", "-c", script])
        return DockerEngine(socketPath: engine.socket)
    }
}
