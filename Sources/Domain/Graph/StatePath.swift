/// Where a value lives in a run's state: `mail`, `mail.subject`. The prefix `state.` is allowed and means the same.
package struct StatePath: Sendable, Hashable, Codable, CustomStringConvertible {
    /// One to eight names.
    package let names: [String]

    /// `nil` unless `text` is dotted names of letters, digits and `_`, each at most `GraphLimits.nameBytes` long.
    package init?(_ text: String) {
        var names = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if names.count > 1, names.first == "state" { names.removeFirst() }
        guard (1...8).contains(names.count), names.allSatisfy(Self.isName) else { return nil }
        self.names = names
    }

    package var key: String { names[0] }
    package var description: String { names.joined(separator: ".") }

    /// Whether one path names a part of the other, or the same.
    package func overlaps(_ other: StatePath) -> Bool { zip(names, other.names).allSatisfy { $0 == $1 } }

    package static func isName(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= GraphLimits.nameBytes else { return false }
        return !(48...57).contains(first)
            && text.utf8.allSatisfy {
                ($0 >= 97 && $0 <= 122) || ($0 >= 65 && $0 <= 90) || ($0 >= 48 && $0 <= 57) || $0 == 95
            }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let path = StatePath(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a state path")
        }
        self = path
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension JSONValue {
    /// Puts `value` at `path`, making objects on the way; what is not an object on the way is replaced by one.
    package mutating func write(_ value: JSONValue, at path: StatePath, by reducer: StateReducer = .replace) {
        write(value, at: path.names[...], by: reducer)
    }

    private mutating func write(_ value: JSONValue, at names: ArraySlice<String>, by reducer: StateReducer) {
        guard let name = names.first else {
            return reducer.combine(&self, with: value)
        }
        var members: [String: JSONValue] = [:]
        if case .object(let there) = self { members = there }
        self = .null  // gives up the reference, so that the members are changed in place
        var member = members.removeValue(forKey: name) ?? .null
        if names.count == 1 {
            reducer.combine(&member, with: value)
        } else {
            member.write(value, at: names.dropFirst(), by: reducer)
        }
        members[name] = member
        self = .object(members)
    }
}
