/// What a container is made of: the body of `POST /containers/create`.
package struct DockerContainer: Sendable, Hashable, Encodable {
    package struct Host: Sendable, Hashable, Encodable {
        /// `host:inside[:options]`.
        package var binds: [String] = []
        /// Mount point and options of memory-backed file systems.
        package var temporary: [String: String] = [:]
        package var network = "none"
        package var isReadOnly = true
        package var dropped = ["ALL"]
        package var security = ["no-new-privileges"]
        /// In bytes; swap is not given beyond it.
        package var memory: Int
        package var processes: Int
        /// Processors' worth of time; `nil`: all.
        package var processors: Double?
        /// Of busy processors, of 1024.
        package var shares: Int?
        /// By the names of setrlimit(2) in lower case, without their prefix.
        package var limits: [String: Int] = [:]
        package var runtime: String?

        enum CodingKeys: String, CodingKey {
            case binds = "Binds"
            case temporary = "Tmpfs"
            case network = "NetworkMode"
            case isReadOnly = "ReadonlyRootfs"
            case dropped = "CapDrop"
            case security = "SecurityOpt"
            case memory = "Memory"
            case swap = "MemorySwap"
            case processes = "PidsLimit"
            case nanoseconds = "NanoCpus"
            case shares = "CpuShares"
            case limits = "Ulimits"
            case initial = "Init"
            case log = "LogConfig"
            case runtime = "Runtime"
        }

        private struct Log: Encodable {
            let type = "json-file"
            let config = ["max-size": "1m", "max-file": "1"]
            enum CodingKeys: String, CodingKey {
                case type = "Type"
                case config = "Config"
            }
        }

        private struct Limit: Encodable {
            let name: String
            let soft: Int
            let hard: Int
            enum CodingKeys: String, CodingKey {
                case name = "Name"
                case soft = "Soft"
                case hard = "Hard"
            }
        }

        package init(memory: Int, processes: Int) {
            self.memory = memory
            self.processes = processes
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(binds, forKey: .binds)
            try container.encode(temporary, forKey: .temporary)
            try container.encode(network, forKey: .network)
            try container.encode(isReadOnly, forKey: .isReadOnly)
            try container.encode(dropped, forKey: .dropped)
            try container.encode(security, forKey: .security)
            try container.encode(memory, forKey: .memory)
            try container.encode(memory, forKey: .swap)
            try container.encode(processes, forKey: .processes)
            try container.encodeIfPresent(processors.map { Int($0 * 1e9) }, forKey: .nanoseconds)
            try container.encodeIfPresent(shares, forKey: .shares)
            let limits = limits.map { Limit(name: $0.key, soft: $0.value, hard: $0.value) }
            try container.encode(limits, forKey: .limits)
            try container.encode(true, forKey: .initial)
            try container.encode(Log(), forKey: .log)
            try container.encodeIfPresent(runtime, forKey: .runtime)
        }
    }

    package var image: String
    package var command: [String]
    package var environment: [String]
    /// `uid:gid`.
    package var user: String
    package var labels: [String: String]
    package var host: Host

    package init(
        image: String, command: [String], environment: [String] = [], user: String, labels: [String: String], host: Host
    ) {
        self.image = image
        self.command = command
        self.environment = environment
        self.user = user
        self.labels = labels
        self.host = host
    }

    enum CodingKeys: String, CodingKey {
        case image = "Image"
        case command = "Cmd"
        case environment = "Env"
        case user = "User"
        case labels = "Labels"
        case host = "HostConfig"
    }
}
