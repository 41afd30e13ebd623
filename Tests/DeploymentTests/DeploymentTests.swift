import DockerEngine
import Domain
import Egress
import FoundationEssentials
import Glibc
import PersonaContainers
import Server
import Sockets
import TestKit
import Testing
import ToolKit

/// What can be started here, started: the images of `Containers/`, and the composition with the platform's own programs.
@Suite(.serialized, .timeLimit(.minutes(10))) struct DeploymentTests {
    @Test func personaImageRunsRealToolsBehindTheProxy() async throws {
        let engine = try await LocalImages.engine()
        let pages = try PageServer([
            "/tides": .answer(
                body:
                    "<!doctype html><title>Tides</title><p>\(String(repeating: "The tide turns twice a day. ", count: 20))"
            )
        ])
        defer { pages.stop() }
        let data = try TemporaryTree.make("personas")
        let loop = try PollLoop(name: "deployment")
        defer { loop.stop() }
        let sandbox = try await DockerSandbox(
            engine: DockerEngine(socketPath: engine.socket), image: SandboxChoice.image, owner: data)
        let containers = PersonaContainers(data: data, sandbox: sandbox, proxy: EgressProxy(on: loop), on: loop)
        let (tenant, persona, run) = (TenantID.new(), PersonaID.new(), RunID.new())
        func call(_ tool: String, _ input: JSONValue) async throws -> JSONValue {
            try await containers.call(
                SandboxCall(
                    tenant: tenant, persona: persona, run: run, tool: tool, input: input, effectKey: tool,
                    egress: EgressPolicy(mode: .listed, private: ["127.0.0.1:\(pages.port)"]))
            ).output
        }
        do {
            let page = try await call("browser.read", ["url": .string(pages.url("/tides")), "name": "tides"])
            #expect(page["title"]?.string == "Tides")
            #expect(page["text"]?.string?.contains("The tide turns twice a day.") == true)
            #expect(page["screenshot"]?["size"] != nil)
            let file = "\(containers.workspace(tenant: tenant, persona: persona, run: run).path)/figures.csv"
            try Data("place,tonnes\nRiga,12\nTallinn,7\n".utf8).write(to: URL(filePath: file))
            chmod(file, 0o644)
            let table = try await call(
                "table.read",
                ["file": ["path": "figures.csv", "name": "figures.csv", "media_type": "text/csv", "size": 32]])
            #expect(table["rows"] == [["Riga", 12], ["Tallinn", 7]])
            let failure = await #expect(throws: ToolFailure.self) {
                try await call("browser.read", ["url": "http://127.0.0.1:1/", "name": "closed"])
            }
            #expect(failure != nil)
        } catch {
            await containers.stopAll()
            throw error
        }
        await containers.stopAll()
    }

    @Test func platformOnTheMachineDoesItsMainJobInAContainer() async throws {
        let engine = try await LocalImages.engine()
        let data = try TemporaryTree.make("main-job")
        let outcome = try await engine.run(
            [LocalImages.program, "up", "--main-job", "--once"],
            environment: [
                "PERSONA_SANDBOX": "docker", "PERSONA_DATA_DIR": data, "PERSONA_LISTEN": "127.0.0.1:0",
                "PERSONA_RUNTIME": Repository.runtime,
            ])
        #expect(outcome.status == 0, "\(outcome.text)")
        #expect(outcome.text.contains(" succeeded;"), "\(outcome.text)")
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(data)/main-job")
        #expect(Set(["briefing.pptx", "briefing.xlsx", "briefing.pdf", "answer.txt"]).isSubset(of: files))
        #expect(try await Deployment.personas(engine) == "")
    }

    @Test func compositionDoesARunFromAnEmptyMachine() async throws {
        try await Deployment.with { deployment in
            for service in ["postgres", "redis", "api"] { try await deployment.becomesHealthy(service) }
            let ready = try await deployment.shell(
                "api", "curl -sS -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/readyz")
            #expect(ready == "200")
            try await rolesAreBound(deployment)

            let made = try await deployment.compose(
                "run", "--rm", "-T", "migrate", "admin", "create-tenant", "--slug", "harbour", "--name", "Harbour",
                "--owner", "owner@example.test")
            let password = try #require(made.split(separator: "\n").last { $0.hasPrefix("Password: ") }).dropFirst(10)
            let text = try await deployment.shell("api", Self.run(password: password.filter { !$0.isWhitespace }))
            #expect(text.contains("status=succeeded"), "\(text)")
            #expect(text.contains("Persona Platform"), "\(text)")
            #expect(text.contains("file=PK"), "\(text)")
        }
    }

    /// The roles' login is neither the owner nor sees rows without a tenant.
    private func rolesAreBound(_ deployment: Deployment) async throws {
        let login = try await deployment.shell(
            "postgres",
            """
            PGPASSWORD=$(cat /run/secrets/platform_password) psql -h 127.0.0.1 -U persona_platform -d persona -At \
            -c 'SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user' \
            -c 'SET ROLE persona_app' -c 'SELECT count(*) FROM users'
            """)
        #expect(login == "f|f\nSET\n0\n")
    }

    /// By curl alone, in the API's container: a run whose tools open the platform's own dashboard and make a deck.
    private static func run(password: String) -> String {
        #"""
        API=http://127.0.0.1:8080/api
        field() { sed -E 's/.*"'"$1"'" ?: ?"([^"]*)".*/\1/'; }
        TOKEN=$(curl -fsS $API/auth/login -H 'Content-Type: application/json' \
            -d '{"email": "owner@example.test", "password": "\#(password)"}' | field token)
        AUTH="Authorization: Bearer $TOKEN"
        JSON='Content-Type: application/json'
        PERSONA=$(curl -fsS $API/personas -H "$AUTH" -H "$JSON" -d '{"slug": "ada", "name": "Ada",
            "definition": {"egress": {"mode": "listed", "private": ["api:8080"]}}}' | field id)
        RUN=$(curl -fsS $API/runs -H "$AUTH" -H "$JSON" -H "Idempotency-Key: first" -d '{"persona_id": "'$PERSONA'",
            "input": {}, "graph": {"start": "open", "nodes": {
                "open": {"type": "tool", "tool": "browser.read", "output": "page", "next": "make",
                    "input": {"url": "http://api:8080/", "name": "dashboard"}},
                "make": {"type": "tool", "tool": "deck.create", "output": "deck", "next": "done",
                    "input": {"file": "hello.pptx", "deck": {"title": "Hello", "author": "Ada",
                        "slides": [{"type": "title", "title": "Hello", "subtitle": "from a container"}]}}},
                "done": {"type": "end"}}}}' | field id)
        curl -fsSN $API/runs/$RUN/events -H "$AUTH"
        echo "status=$(curl -fsS $API/runs/$RUN -H "$AUTH" | field status)"
        curl -fsS $API/runs/$RUN -H "$AUTH"
        curl -fsS $API/runs/$RUN/steps -H "$AUTH"
        FILE=$(curl -fsS $API/runs/$RUN/artifacts -H "$AUTH" | field id)
        echo "file=$(curl -fsS $API/files/$FILE/content -H "$AUTH" | head -c 2)"
        """#
    }
}
