package import ArgumentParser
import FoundationEssentials
package import Logging

/// The settings as flags, the same for every command.
package struct ConfigurationOptions: ParsableArguments {
    @Option(help: "YAML file of settings; persona.yaml in this directory where it exists.")
    package var config: String?

    @Option(help: ArgumentHelp(stringLiteral: Setting.dataDirectory.help))
    package var dataDir: String?

    @Option(help: ArgumentHelp(stringLiteral: Setting.databaseURL.help))
    package var databaseUrl: String?

    @Option(help: ArgumentHelp(stringLiteral: Setting.databaseOwnerURL.help))
    package var databaseOwnerUrl: String?

    @Option(help: ArgumentHelp(stringLiteral: Setting.redisURL.help))
    package var redisUrl: String?

    @Option(help: ArgumentHelp(stringLiteral: Setting.listen.help))
    package var listen: String?

    @Option(help: ArgumentHelp(stringLiteral: Setting.sandbox.help))
    package var sandbox: String?

    @Option(help: ArgumentHelp(stringLiteral: Setting.masterKeyFile.help))
    package var masterKeyFile: String?

    @Option(help: ArgumentHelp(stringLiteral: Setting.migrations.help))
    package var migrations: String?

    @Option(help: ArgumentHelp(stringLiteral: Setting.dashboard.help))
    package var dashboard: String?

    @Option(help: ArgumentHelp(stringLiteral: Setting.logLevel.help))
    package var logLevel: String?

    package init() {}

    /// Reads flags, environment and file. Throws every fault at once.
    package func load() throws -> Configuration {
        let flags: [(Setting, String?)] = [
            (.dataDirectory, dataDir), (.databaseURL, databaseUrl), (.databaseOwnerURL, databaseOwnerUrl),
            (.redisURL, redisUrl), (.listen, listen), (.sandbox, sandbox), (.masterKeyFile, masterKeyFile),
            (.migrations, migrations), (.dashboard, dashboard), (.logLevel, logLevel),
        ]
        let given = Dictionary(flags.compactMap { pair in pair.1.map { (pair.0.name, $0) } }) { _, last in last }
        return try Configuration(
            flags: given, environment: ProcessInfo.processInfo.environment, yaml: try fileText())
    }

    private func fileText() throws -> String? {
        if let config { return try String(contentsOfFile: config, encoding: .utf8) }
        let standard = "persona.yaml"
        guard FileManager.default.fileExists(atPath: standard) else { return nil }
        return try String(contentsOfFile: standard, encoding: .utf8)
    }
}

extension Configuration {
    /// A logger to standard error at the configured level.
    package func logger(_ label: String) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = logLevel
        return logger
    }
}
