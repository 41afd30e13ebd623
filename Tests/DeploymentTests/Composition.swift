import FoundationEssentials
import TestKit
import Yams

/// `compose.yaml`, with aliases and merge keys resolved. What `docker stack deploy` refuses, such as conditions of
/// `depends_on`, does not decode.
struct Composition: Decodable {
    struct Service: Decodable {
        struct Check: Decodable { var test: [String] }

        struct Deployment: Decodable {
            struct Resources: Decodable {
                struct Limits: Decodable { var memory: String }
                var limits: Limits
            }
            var resources: Resources
        }

        var image: String
        var command: [String]?
        var user: String?
        var environment: [String: String]?
        var volumes: [Mount]?
        var networks: [String]
        var ports: [String]?
        var secrets: [SecretUse]?
        var healthcheck: Check?
        var dependsOn: [String]?
        var deploy: Deployment
        var isReadOnly: Bool?
        var dropped: [String]?
        var security: [String]?

        enum CodingKeys: String, CodingKey {
            case image, command, user, environment, volumes, networks, ports, secrets, healthcheck, deploy
            case dependsOn = "depends_on"
            case isReadOnly = "read_only"
            case dropped = "cap_drop"
            case security = "security_opt"
        }

        /// Variables with the defaults of `${NAME:-default}` and the values of `given`.
        func variables(_ given: [String: String] = [:]) -> [String: String] {
            (environment ?? [:]).mapValues { Composition.expand($0, given) }
        }
    }

    /// By its name alone, or with what a stack needs to say who may read it.
    struct SecretUse: Decodable {
        var source: String
        var target: String

        enum CodingKeys: String, CodingKey { case source, target }

        init(from decoder: any Decoder) throws {
            if let name = try? decoder.singleValueContainer().decode(String.self) {  // else the longer form
                (source, target) = (name, name)
                return
            }
            let members = try decoder.container(keyedBy: CodingKeys.self)
            source = try members.decode(String.self, forKey: .source)
            target = try members.decode(String.self, forKey: .target)
        }
    }

    /// `source:target[:options]`, or one in memory.
    struct Mount: Decodable {
        /// As in the shorter form; `tmpfs:target` for one in memory.
        var text: String

        enum CodingKeys: String, CodingKey { case type, target }

        init(from decoder: any Decoder) throws {
            if let short = try? decoder.singleValueContainer().decode(String.self) {  // else the longer form
                text = short
                return
            }
            let members = try decoder.container(keyedBy: CodingKeys.self)
            text = try "\(members.decode(String.self, forKey: .type)):\(members.decode(String.self, forKey: .target))"
        }
    }

    struct Network: Decodable { var `internal`: Bool? }
    struct Secret: Decodable { var file: String }

    var services: [String: Service]
    var networks: [String: Network]
    var secrets: [String: Secret]

    static let roles = ["migrate", "api", "orchestrator", "worker"]

    static func read() throws -> Composition {
        let text = try String(contentsOfFile: "\(Repository.root)/compose.yaml", encoding: .utf8)
        return try YAMLDecoder().decode(Composition.self, from: text)
    }

    /// Fills in `${NAME:-default}` and `${NAME:?words}`.
    static func expand(_ text: String, _ given: [String: String] = [:]) -> String {
        var result = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "${"), let end = rest[start.upperBound...].firstIndex(of: "}") {
            let inside = rest[start.upperBound..<end]
            let name = inside.prefix { $0 != ":" }
            let fallback = inside.dropFirst(name.count).hasPrefix(":-") ? String(inside.dropFirst(name.count + 2)) : ""
            result += rest[..<start.lowerBound]
            result += given[String(name)] ?? fallback
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }
}
