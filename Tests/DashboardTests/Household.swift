import API
import CDP
import Crypto
import Domain
import FoundationEssentials
import Glibc
import Hummingbird
import Logging
import Postgres
import Store
import TestKit
import Vault

/// The dashboard in a real browser over the API, with a tenant, its people, a persona and runs that nobody advances.
struct Household: Sendable {
    static let password = "a long enough password"

    let address: String
    let page: CDP.Page
    let services: Services
    let tenant: TenantID

    static func with(_ body: @escaping @Sendable (Household) async throws -> Void) async throws {
        try await TestDatabase.with { database in
            let store = Database(
                app: database.pool(.application, size: 4), dispatch: database.pool(.dispatch, size: 2))
            let folder = try Folder()
            let services = Services(
                database: store, blobs: BlobStore(root: folder.path), master: MasterKey(SymmetricKey(size: .bits256)),
                dashboard: Repository.folder("Dashboard"), probes: [])
            try await serving(services) { port in
                // Chromium's own sandbox needs user namespaces, which root may lack; the pages are our own.
                let browser = try await Browser.launch(LaunchOptions(withoutSandbox: getuid() == 0))
                do {
                    try await body(
                        Household(
                            address: "http://localhost:\(port)", page: try await browser.newContext().newPage(),
                            services: services, tenant: try await tenant(services)))
                } catch {
                    await browser.close()
                    throw error
                }
                await browser.close()
            }
            folder.remove()
            await store.app.close()
            await store.dispatch.close()
        }
    }

    private static func serving(_ services: Services, _ body: @escaping @Sendable (Int) async throws -> Void)
        async throws
    {
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let application = try APIServer.application(
            services, host: "127.0.0.1", port: 0, logger: Logger(label: "dashboard-tests")
        ) { continuation.yield($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { continuation.finish() }
                try await application.run()
            }
            defer { group.cancelAll() }
            for await port in ports { return try await body(port) }
            try await group.waitForAll()
        }
    }

    private static func tenant(_ services: Services) async throws -> TenantID {
        let id = TenantID.new()
        try await Tenants(services.database).create(
            id, slug: "acme", name: "Acme", master: services.master, actor: "system")
        return id
    }

    /// A person of the tenant, to sign in as.
    func person(_ role: String) async throws -> String {
        let email = "\(role)@acme.test"
        _ = try await Users(services.database).create(
            tenant, id: .new(), email: email, name: role, role: role,
            passwordHash: try await services.hasher.hash(Secret(Self.password)), isPlatformAdmin: false,
            actor: "system")
        return email
    }

    func run(subject: String) async throws -> RunID {
        let personas = Personas(services.database)
        let persona = try await personas.create(
            tenant, id: .new(), slug: "ada", name: "Ada", definition: [:], by: nil, actor: "system")
        let run = NewRun(
            persona: persona.id, personaVersion: persona.version,
            graph: try GraphDefinition(["start": "done", "nodes": ["done": ["type": "end"]]]),
            input: ["subject": .string(subject)])
        try await Runs(services.database).create(tenant, run, actor: "system")
        return run.id
    }

    /// A call of the run whose worker died in the middle of it, and for which it does not wait.
    func leaveInDoubt(_ run: RunID, tool: String) async throws {
        _ = try await services.database.rows(
            tenant,
            """
            INSERT INTO jobs (tenant_id, job_id, run_id, persona_id, step, node, kind, tool, input, effect, effect_key,
                timeout_seconds, state, phase, applied, given_up, attempt, finished_at)
            SELECT tenant_id, gen_random_uuid(), run_id, persona_id, 1, 'send', 'tool', $3, '{}', 'non_idempotent', 'k', 1,
                'unknown', 'transmitting', true, true, 1, platform_now()
            FROM runs WHERE tenant_id = $1 AND run_id = $2
            """, [tenant.value, run.value, .text(tool)])
    }

    func effect(of run: RunID) async throws -> String? {
        try await Runs(services.database).effects(tenant, run).first?.state.rawValue
    }

    // MARK: What a person does and sees

    func open(_ path: String = "/") async throws { _ = try await page.navigate(address + path) }

    func signIn(_ email: String, password: String = Household.password) async throws {
        try await until("document.getElementById('email') !== null")
        _ = try await page.evaluate(
            """
            document.getElementById('email').value = '\(email)';
            document.getElementById('password').value = '\(password)';
            document.querySelector('form').requestSubmit();
            """)
    }

    /// Waits until the expression holds; throws at the browser's own deadline for a command.
    func until(_ expression: String) async throws {
        _ = try await page.evaluate(
            "new Promise((done) => { const look = () => (\(expression)) ? done(true) : setTimeout(look, 10); look(); })"
        )
    }

    func untilShown(_ text: String) async throws {
        try await until("document.body.innerText.includes(\(try Self.quoted(text)))")
    }

    /// Presses the button or link of that label once it is shown.
    func press(_ label: String) async throws {
        let item = """
            [...document.querySelectorAll('button, a')].find((item) =>
                item.checkVisibility() && item.textContent.trim() === \(try Self.quoted(label)))
            """
        try await until("\(item) !== undefined")
        _ = try await page.evaluate("\(item).click()")
    }

    private static func quoted(_ text: String) throws -> String {
        String(decoding: try JSONValue.string(text).canonicalBytes(), as: UTF8.self)
    }
}
