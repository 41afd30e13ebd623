import FoundationEssentials

/// The independent messages: `PERSONA_CORPORA`, else `../shared/corpora` beside the repository.
enum Corpus {
    static let root: String = {
        if let path = ProcessInfo.processInfo.environment["PERSONA_CORPORA"] { return path }
        let repository = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/" + repository + "/../shared/corpora"
    }()

    static let messages = root + "/mail/messages"
    static let bounces = root + "/mail/bounces"
    static var isPresent: Bool { FileManager.default.fileExists(atPath: messages) }

    static func files(_ directory: String, _ suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(suffix) }.sorted()
    }

    static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }
}

/// The tree that stalwartlabs/mail-parser wrote beside each message, as far as the tests look at it.
struct ExpectedMessage: Decodable {
    struct Part: Decodable {
        var headers: [Header]
        var body: Body
    }

    struct Header: Decodable {
        var name: Name
        var value: Value
    }

    enum Name: Decodable, Equatable {
        case known(String)
        case other(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {  // else it is an object
                self = .known(text)
            } else {
                self = .other(try container.decode([String: String].self)["other"] ?? "")
            }
        }
    }

    struct Address: Decodable, Hashable {
        var name: String?
        var address: String?
    }

    struct Group: Decodable {
        var name: String?
        var addresses: [Address]
    }

    struct Addresses: Decodable {
        var list: [Address]?
        var group: [Group]?

        enum CodingKeys: String, CodingKey {
            case list = "List"
            case group = "Group"
        }

        var all: [Address] { list ?? group?.flatMap(\.addresses) ?? [] }
    }

    struct Value: Decodable {
        var text: String?
        var address: Addresses?

        enum CodingKeys: String, CodingKey {
            case text = "Text"
            case address = "Address"
        }

        init(from decoder: any Decoder) throws {
            // "Empty" is a bare string.
            guard let container = try? decoder.container(keyedBy: CodingKeys.self) else { return }
            text = try? container.decode(String.self, forKey: .text)  // other kinds are not looked at
            address = try? container.decode(Addresses.self, forKey: .address)  // as above
        }
    }

    enum Body: Decodable {
        case text(String)
        case html(String)
        case binary([UInt8])
        case other

        enum CodingKeys: String, CodingKey {
            case text = "Text"
            case html = "Html"
            case binary = "Binary"
            case inlineBinary = "InlineBinary"
        }

        init(from decoder: any Decoder) throws {
            guard let container = try? decoder.container(keyedBy: CodingKeys.self) else {  // a bare string
                self = .other
                return
            }
            if let text = try container.decodeIfPresent(String.self, forKey: .text) {
                self = .text(text)
            } else if let text = try container.decodeIfPresent(String.self, forKey: .html) {
                self = .html(text)
            } else if let data = try container.decodeIfPresent([UInt8].self, forKey: .binary) {
                self = .binary(data)
            } else if let data = try container.decodeIfPresent([UInt8].self, forKey: .inlineBinary) {
                self = .binary(data)
            } else {
                self = .other
            }
        }
    }

    var textBody: [Int]
    var attachments: [Int]
    var parts: [Part]

    enum CodingKeys: String, CodingKey {
        case parts, attachments
        case textBody = "text_body"
    }

    func header(_ name: String) -> Value? { parts.first?.headers.last { $0.name == .known(name) }?.value }
    func bodies(_ indices: [Int]) -> [Body] { indices.compactMap { parts.indices.contains($0) ? parts[$0].body : nil } }
}
