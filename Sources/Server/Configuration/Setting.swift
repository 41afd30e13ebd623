/// One thing that can be configured: by flag, by environment variable or in the YAML file, in that order.
package struct Setting: Sendable, Hashable {
    /// Key in the YAML file; the flag is `--` and the name with hyphens, the variable `PERSONA_` and the name.
    package let name: String
    package let help: String
    package let fallback: String?
    package let isSecret: Bool

    package var variable: String { "PERSONA_" + name.uppercased() }
    package var flag: String { "--" + name.replacing("_", with: "-") }

    private init(_ name: String, fallback: String? = nil, isSecret: Bool = false, _ help: String) {
        self.name = name
        self.help = help
        self.fallback = fallback
        self.isSecret = isSecret
    }

    package static let dataDirectory = Setting(
        "data_dir", fallback: ".data", "Directory of everything that the platform keeps itself.")
    package static let databaseURL = Setting(
        "database_url", isSecret: true,
        "Postgres 15 or later with pgvector; a private Postgres 18 under data_dir where none is named.")
    package static let databaseOwnerURL = Setting(
        "database_owner_url", isSecret: true,
        "Login that owns the tables and runs migrations; database_url where none is named.")
    package static let redisURL = Setting(
        "redis_url", isSecret: true, "Redis 7 or later; a private redis-server under data_dir where none is named.")
    package static let listen = Setting("listen", fallback: "127.0.0.1:8080", "Address of the API, host:port.")
    package static let sandbox = Setting(
        "sandbox",
        "docker, docker+gvisor or bubblewrap; Docker where an engine answers and has the image, else bubblewrap.")
    package static let masterKeyFile = Setting(
        "master_key_file", "Key that wraps the tenants' keys; made under data_dir on first start, mode 0600.")
    package static let migrations = Setting(
        "migrations", fallback: "Migrations", "Directory of the numbered SQL files.")
    package static let dashboard = Setting(
        "dashboard", fallback: "Dashboard", "Folder of the dashboard's files.")
    package static let logLevel = Setting(
        "log_level", fallback: "notice", "trace, debug, info, notice, warning, error or critical.")
    package static let webhookHosts = Setting(
        "webhook_hosts", "Hosts of your own network that webhooks may tell, host:port with commas between.")
    package static let modelBaseURL = Setting(
        "model_base_url", "OpenAI-compatible base URL of the demo tenant's model, as https://host/v1.")
    package static let modelName = Setting("model", "Name of the demo tenant's model.")
    package static let modelKey = Setting("model_key", isSecret: true, "API key of the demo tenant's model.")

    package static let all = [
        dataDirectory, databaseURL, databaseOwnerURL, redisURL, listen, sandbox, masterKeyFile, migrations, dashboard,
        logLevel, webhookHosts, modelBaseURL, modelName, modelKey,
    ]

    /// Variables of the scripts, the composition, the tests and the failpoints, which the platform itself does not configure.
    private static let others: Set<String> = [
        "PERSONA_RUNTIME", "PERSONA_FAILPOINT", "PERSONA_CORPORA", "PERSONA_REPOSITORY", "PERSONA_KEEP_DOCUMENTS",
        "PERSONA_EXECUTABLE", "PERSONA_ENGINE_GROUP", "PERSONA_ENGINE_SOCKET", "PERSONA_SECRETS",
    ]

    static func isMisspelt(variable: String) -> Bool {
        variable.hasPrefix("PERSONA_") && !variable.hasPrefix("PERSONA_TEST_") && !others.contains(variable)
            && !all.contains { $0.variable == variable }
    }
}
