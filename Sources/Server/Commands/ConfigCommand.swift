package import ArgumentParser
import PersonaContainers

/// Shows what is in force and where each value came from, and what the sandbox promises on this machine.
package struct ConfigCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "config",
        abstract:
            "Print the settings in force and where each came from, secrets masked, and what sandboxes guarantee here.")

    @OptionGroup package var options: ConfigurationOptions

    package init() {}

    package func run() async throws {
        let configuration = try options.load()
        let origins = configuration.origins
        let width = origins.map(\.setting.name.count).max() ?? 0
        for origin in origins {
            let name = origin.setting.name.padding(to: width)
            print("\(name)  \(origin.value ?? "-")  (\(origin.source))")
        }
        do {
            let guarantees = try await SandboxChoice.guarantees(configuration)
            print("\nSandboxes on this machine: \(guarantees.implementation)")
            for line in guarantees.lines { print("  \(line)") }
        } catch {
            print("\nSandboxes on this machine: none can be started. \(error)")
        }
    }
}

extension String {
    func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
