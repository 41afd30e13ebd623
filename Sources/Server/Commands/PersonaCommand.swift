package import ArgumentParser

/// `persona`: everything that the platform does, by sub-command.
package struct PersonaCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "persona",
        abstract: "A self-hosted workspace of AI personas that do office work.",
        discussion: """
            Settings come from flags over PERSONA_ variables over a YAML file; 'persona config' shows what is in force.
            """,
        subcommands: [
            UpCommand.self, APICommand.self, OrchestratorCommand.self, WorkerCommand.self, ServicesCommand.self,
            MigrateCommand.self, AdminCommand.self, AuditCommand.self, ConfigCommand.self, ToolWorkerCommand.self,
            DocumentReaderCommand.self,
        ])

    package init() {}
}
