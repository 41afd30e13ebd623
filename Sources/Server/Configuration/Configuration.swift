package import Domain
package import Logging
import Yams

/// What is in force, read once at start and validated as a whole.
package struct Configuration: Sendable {
    package enum Sandbox: String, Sendable {
        case docker, bubblewrap
        case gVisor = "docker+gvisor"
    }

    package struct Endpoint: Sendable, Hashable {
        package let host: String
        package let port: Int
    }

    package struct Model: Sendable {
        package let baseURL: String
        package let name: String
        package let key: Secret
    }

    package let dataDirectory: String
    package let databaseURL: Secret?
    package let databaseOwnerURL: Secret?
    package let redisURL: Secret?
    package let listen: Endpoint
    package let sandbox: Sandbox?
    package let masterKeyFile: String
    package let migrations: String
    package let dashboard: String
    package let logLevel: Logger.Level
    /// `host:port`s that webhooks may tell although they are not public.
    package let webhookHosts: [String]
    package let model: Model?
    /// Each setting with its value and where that came from, secrets masked.
    package let origins: [Origin]

    package struct Origin: Sendable, Hashable {
        package let setting: Setting
        package let value: String?
        package let source: String
    }
}

/// Every fault found, so that all can be mended at once.
package struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    package let faults: [String]

    package var description: String {
        "The configuration does not hold:\n" + faults.map { "  - \($0)" }.joined(separator: "\n")
    }
}

extension Configuration {
    /// Flags over environment over the YAML text. Unknown YAML keys and PERSONA_ variables are faults: a setting
    /// that is misspelt must not be silently off.
    package init(flags: [String: String], environment: [String: String], yaml: String?) throws(ConfigurationError) {
        var faults: [String] = []
        let file = Self.settings(in: yaml, faults: &faults)
        for name in environment.keys.sorted() where Setting.isMisspelt(variable: name) {
            faults.append("the environment names \(name), which is no setting")
        }
        var values: [String: String] = [:]
        var origins: [Origin] = []
        for setting in Setting.all {
            let found: (String, String)? =
                flags[setting.name].map { ($0, "flag \(setting.flag)") }
                ?? environment[setting.variable].map { ($0, setting.variable) }
                ?? file[setting.name].map { ($0, "file") }
                ?? setting.fallback.map { ($0, "default") }
            if let found, !found.0.isEmpty { values[setting.name] = found.0 }
            let shown = found.map { setting.isSecret ? "***" : $0.0 }
            origins.append(Origin(setting: setting, value: shown, source: found?.1 ?? "not set"))
        }
        func value(_ setting: Setting) -> String? { values[setting.name] }

        let data = value(.dataDirectory) ?? ".data"
        let endpoint = Self.endpoint(value(.listen) ?? "")
        if endpoint == nil { faults.append("listen must be host:port with a port from 0 to 65535") }
        let sandbox = value(.sandbox).map { Sandbox(rawValue: $0) }
        if case .some(nil) = sandbox { faults.append("sandbox must be docker, docker+gvisor or bubblewrap") }
        let level = Logger.Level(rawValue: value(.logLevel) ?? "")
        if level == nil { faults.append("log_level must be trace, debug, info, notice, warning, error or critical") }
        for setting in [Setting.databaseURL, .databaseOwnerURL] {
            if let url = value(setting), !url.hasPrefix("postgres://"), !url.hasPrefix("postgresql://") {
                faults.append("\(setting.name) must begin with postgresql://")
            }
        }
        if let url = value(.redisURL), !url.hasPrefix("redis://"), !url.hasPrefix("unix://") {
            faults.append("redis_url must begin with redis:// or unix://")
        }
        let hosts = (value(.webhookHosts) ?? "").split { $0 == "," || $0 == " " }.map(String.init)
        for host in hosts where Self.endpoint(host) == nil {
            faults.append("webhook_hosts names '\(host)', which is no host:port")
        }
        let model = Self.model(value, faults: &faults)
        guard faults.isEmpty, let endpoint, let level else { throw ConfigurationError(faults: faults) }

        dataDirectory = data
        databaseURL = value(.databaseURL).map(Secret.init)
        databaseOwnerURL = (value(.databaseOwnerURL) ?? value(.databaseURL)).map(Secret.init)
        redisURL = value(.redisURL).map(Secret.init)
        listen = endpoint
        self.sandbox = sandbox ?? nil
        masterKeyFile = value(.masterKeyFile) ?? data + "/master.key"
        migrations = value(.migrations) ?? "Migrations"
        dashboard = value(.dashboard) ?? "Dashboard"
        logLevel = level
        webhookHosts = hosts
        self.model = model
        self.origins = origins
    }

    private static func settings(in yaml: String?, faults: inout [String]) -> [String: String] {
        guard let yaml else { return [:] }
        let node: Node?
        do {
            node = try Yams.compose(yaml: yaml)
        } catch {
            faults.append("the file is not YAML: \(error)")
            return [:]
        }
        guard let node else { return [:] }
        guard let mapping = node.mapping else {
            faults.append("the file must be a mapping of settings to values")
            return [:]
        }
        var settings: [String: String] = [:]
        let known = Set(Setting.all.map(\.name))
        for (key, value) in mapping {
            guard let name = key.string, known.contains(name) else {
                faults.append("the file names '\(key.string ?? "?")', which is no setting")
                continue
            }
            guard let text = value.scalar?.string else {
                faults.append("the file's \(name) must be a single value")
                continue
            }
            settings[name] = text
        }
        return settings
    }

    private static func endpoint(_ text: String) -> Endpoint? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = String(text[..<colon].trimming { $0 == "[" || $0 == "]" })
        return host.isEmpty ? nil : Endpoint(host: host, port: Int(port))
    }

    private static func model(_ value: (Setting) -> String?, faults: inout [String]) -> Model? {
        switch (value(.modelBaseURL), value(.modelName)) {
        case (nil, nil): return nil
        case (let url?, let name?):
            guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
                faults.append("model_base_url must begin with https:// or http://")
                return nil
            }
            return Model(baseURL: url, name: name, key: Secret(value(.modelKey) ?? ""))
        default:
            faults.append("model_base_url and model go together")
            return nil
        }
    }
}

extension Substring {
    fileprivate func trimming(_ unwanted: (Character) -> Bool) -> Substring {
        var rest = self
        while let first = rest.first, unwanted(first) { rest.removeFirst() }
        while let last = rest.last, unwanted(last) { rest.removeLast() }
        return rest
    }
}
