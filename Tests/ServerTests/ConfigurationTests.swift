import Logging
import Server
import Testing

@Suite(.timeLimit(.minutes(10))) struct ConfigurationTests {
    @Test func flagsWinOverEnvironmentOverFile() throws {
        let yaml = "listen: 127.0.0.1:1\nlog_level: error\nsandbox: docker\n"
        let environment = ["PERSONA_LISTEN": "127.0.0.1:2", "PERSONA_LOG_LEVEL": "info"]
        let configuration = try Configuration(
            flags: ["listen": "127.0.0.1:3"], environment: environment, yaml: yaml)
        #expect(configuration.listen.port == 3)
        #expect(configuration.logLevel == .info)
        #expect(configuration.sandbox == .docker)
        let source = configuration.origins.first { $0.setting == .listen }?.source
        #expect(source == "flag --listen")
    }

    @Test func allFaultsAreReportedTogether() {
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration(
                flags: ["listen": "nowhere", "database_url": "mysql://x"],
                environment: ["PERSONA_SANDBOX": "jail", "PERSONA_MODEL": "m", "PERSONA_LISTN": "x"], yaml: "lissten: 1"
            )
        }
        #expect(error?.faults.count == 6)
    }

    @Test func secretsAreMaskedWhereverTheyComeFrom() throws {
        let configuration = try Configuration(
            flags: [:], environment: ["PERSONA_DATABASE_URL": "postgresql://u:canary@h/d"],
            yaml: "model_key: canary\nmodel: m\nmodel_base_url: https://h/v1")
        #expect(!"\(configuration.origins)".contains("canary"))
        #expect(!"\(configuration)".contains("canary"))
    }

    @Test(arguments: ["- a\n- b", "listen: [1]", ":\n  - :\n -"])
    func filesThatAreNoSettingsAreRefused(yaml: String) {
        #expect(throws: ConfigurationError.self) { try Configuration(flags: [:], environment: [:], yaml: yaml) }
    }
}
