package import ArgumentParser

/// Shows what is in force and where each value came from.
package struct ConfigCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Print the settings in force and where each came from, secrets masked.")

    @OptionGroup package var options: ConfigurationOptions

    package init() {}

    package func run() throws {
        let origins = try options.load().origins
        let width = origins.map(\.setting.name.count).max() ?? 0
        for origin in origins {
            let name = origin.setting.name.padding(to: width)
            print("\(name)  \(origin.value ?? "-")  (\(origin.source))")
        }
    }
}

extension String {
    func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
