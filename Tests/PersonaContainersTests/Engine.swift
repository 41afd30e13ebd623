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
    /// Docker with gVisor's kernel.
    case gVisor

    /// A Docker engine of our own needs root; without it bubblewrap alone is held to the contract.
    static let all: [Engine] = geteuid() == 0 ? [.bubblewrap, .docker, .gVisor] : [.bubblewrap]

    /// `engine`: instead of the one that all tests share.
    func sandbox(
        data: String, on loop: PollLoop, engine: PrivateEngine? = nil
    ) async throws -> any PersonaSandbox {
        if self == .bubblewrap { return try await Bubblewrap(program: FixtureProgram.program, data: data, on: loop) }
        let docker: DockerEngine
        if let engine {
            docker = DockerEngine(socketPath: engine.socket)
        } else {
            docker = try await PrivateDocker.shared.value
        }
        return try await DockerSandbox(
            engine: docker, image: PrivateDocker.image, runtime: self == .gVisor ? DockerSandbox.gVisor : nil,
            owner: data)
    }
}

/// The tests' own engine, with an image that holds the fixture and the programs that its shell calls.
enum PrivateDocker {
    static let image = "persona-platform/fixture:test"

    static let shared = Task { () async throws -> DockerEngine in
        let engine = try await PrivateEngine.shared()
        try await load(into: engine)
        return DockerEngine(socketPath: engine.socket)
    }

    static func load(into engine: PrivateEngine) async throws {
        let root = try TemporaryTree.make("fixture-image")
        let script = """
            set -e
            cd \(root)
            mkdir -p image/persona image/tmp image/workspace image/run/persona image/bin image/usr/bin image/etc
            chmod 1777 image/tmp
            cp \(FixtureProgram.program.executable) image/persona/persona
            for name in sh bash cat ls id hostname stat cut ln mkdir mkfifo curl grep tail head sleep dd touch timeout \\
                od ls rm echo test unshare mount umount nsenter mknod dmesg su find wc true seq; do
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
    }
}
