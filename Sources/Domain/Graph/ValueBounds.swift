extension JSONValue {
    /// Throws unless the value, written as JSON, stays within `GraphLimits.valueBytes` (about: escapes are not
    /// counted) and `GraphLimits.valueDepth`. Values share their parts in memory, so what a loop has nested into itself
    /// is small there and endless on paper; this walks it no further than the bound.
    package func checkBounds() throws(ExpressionError) {
        var left = GraphLimits.valueBytes
        try weigh(&left, depth: 0)
    }

    private func weigh(_ left: inout Int, depth: Int) throws(ExpressionError) {
        switch self {
        case .null, .bool: left -= 4
        case .int, .double: left -= 8
        case .string(let text): left -= text.utf8.count + 3
        case .array(let items):
            try Self.check(depth)
            left -= 2 + items.count
            for item in items { try item.weigh(&left, depth: depth + 1) }
        case .object(let members):
            try Self.check(depth)
            left -= 2
            for (name, member) in members {
                left -= name.utf8.count + 4
                try member.weigh(&left, depth: depth + 1)
            }
        }
        guard left >= 0 else {
            throw ExpressionError(.tooLarge, "a value takes at most \(GraphLimits.valueBytes) bytes as JSON")
        }
    }

    private static func check(_ depth: Int) throws(ExpressionError) {
        guard depth < GraphLimits.valueDepth else {
            throw ExpressionError(.tooDeep, "a value nests at most \(GraphLimits.valueDepth) deep")
        }
    }
}
