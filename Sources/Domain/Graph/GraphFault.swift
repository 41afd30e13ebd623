/// One thing wrong with a graph: where (RFC 6901 pointer into its JSON) and what.
package struct GraphFault: Sendable, Hashable, Codable, CustomStringConvertible {
    package var pointer: String
    package var detail: String

    package init(pointer: String, detail: String) {
        self.pointer = pointer
        self.detail = detail
    }

    package var description: String { "\(pointer.isEmpty ? "/" : pointer): \(detail)" }
}

/// Every fault of a graph (at most `GraphLimits.faults`), in the order of their pointers.
package struct GraphFaults: Error, Sendable, Hashable, CustomStringConvertible {
    package var faults: [GraphFault]

    package init(_ faults: [GraphFault]) {
        let sorted = faults.sorted { ($0.pointer, $0.detail) < ($1.pointer, $1.detail) }
        self.faults = Array(sorted.prefix(GraphLimits.faults))
    }

    package var description: String { faults.map(\.description).joined(separator: "\n") }
}

/// A JSON pointer under construction (RFC 6901: `~` is `~0`, `/` is `~1`).
package struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    package private(set) var description: String

    package init() { description = "" }

    package func appending(_ member: String) -> JSONPointer {
        var copy = self
        copy.description += "/"
        for character in member.unicodeScalars {
            switch character {
            case "~": copy.description += "~0"
            case "/": copy.description += "~1"
            default: copy.description.unicodeScalars.append(character)
            }
        }
        return copy
    }

    package func appending(_ index: Int) -> JSONPointer { appending(String(index)) }

    /// The last member's name, as it is escaped.
    var lastName: Substring { description.split(separator: "/").last ?? "" }
}
