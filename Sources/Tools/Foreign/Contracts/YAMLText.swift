package import Domain
import Yams

/// YAML 1.2 (and so JSON) as a JSON value.
package enum YAMLText {
    /// Values of one document: an alias that stands for a list of aliases must not become a billion.
    private static let mostValues = 200_000
    private static let deepest = 100

    package static func value(of text: String) throws(ForeignFault) -> JSONValue {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw ForeignFault("", "is no YAML: \(error)")
        }
        guard let node else { throw ForeignFault("", "is empty") }
        var room = mostValues
        return try value(of: node, &room, depth: 0)
    }

    private static func value(of node: Node, _ room: inout Int, depth: Int) throws(ForeignFault) -> JSONValue {
        room -= 1
        guard room > 0, depth < deepest else {
            throw ForeignFault("", "has too many values, or too many within another")
        }
        switch node {
        case .scalar(let scalar): return self.scalar(node, scalar)
        case .sequence(let items):
            var list: [JSONValue] = []
            for item in items { list.append(try value(of: item, &room, depth: depth + 1)) }
            return .array(list)
        case .mapping(let pairs):
            var members: [String: JSONValue] = [:]
            for (key, item) in pairs {
                guard let name = key.scalar?.string else { throw ForeignFault("", "has a key that is no text") }
                members[name] = try value(of: item, &room, depth: depth + 1)
            }
            return .object(members)
        case .alias: throw ForeignFault("", "names an anchor that it does not have")
        }
    }

    private static func scalar(_ node: Node, _ scalar: Node.Scalar) -> JSONValue {
        if scalar.style == .doubleQuoted || scalar.style == .singleQuoted { return .string(scalar.string) }
        if node.null != nil { return .null }
        if let value = node.bool { return .bool(value) }
        if let value = node.int { return .int(Int64(value)) }
        if let value = node.float, value.isFinite { return .double(value) }
        return .string(scalar.string)
    }
}
