/// The values that an expression may read, by their names.
package struct ExpressionScope: Sendable {
    package var state: JSONValue
    package var input: JSONValue
    package var run: JSONValue
    /// Further names; the first of a name counts.
    package var others: [(name: String, value: JSONValue)]

    package init(
        state: JSONValue = .null, input: JSONValue = .null, run: JSONValue = .null,
        others: [(name: String, value: JSONValue)] = []
    ) {
        self.state = state
        self.input = input
        self.run = run
        self.others = others
    }

    package init(_ roots: [String: JSONValue]) {
        self.init(
            state: roots["state"] ?? .null, input: roots["input"] ?? .null, run: roots["run"] ?? .null,
            others: roots.map { ($0.key, $0.value) })
    }

    subscript(name: String) -> JSONValue {
        switch name {
        case "state": state
        case "input": input
        case "run": run
        default: others.first { $0.name == name }?.value ?? .null
        }
    }
}

extension Expression {
    /// The value in `scope`. What is absent is null; texts are compared by code point; a value of the wrong kind is
    /// an error.
    package func value(in scope: ExpressionScope) throws(ExpressionError) -> JSONValue {
        switch self {
        case .literal(let value): return value
        case .list(let items): return .array(try Self.values(items, in: scope))
        case .path(let root, let parts): return Self.follow(parts, from: scope[root])
        case .not(let operand): return .bool(!(try operand.isTrue(in: scope)))
        case .and(let left, let right):
            guard try left.isTrue(in: scope) else { return .bool(false) }
            return .bool(try right.isTrue(in: scope))
        case .or(let left, let right):
            if try left.isTrue(in: scope) { return .bool(true) }
            return .bool(try right.isTrue(in: scope))
        case .compare(let comparison, let left, let right):
            return .bool(try comparison.holds(try left.value(in: scope), try right.value(in: scope)))
        case .sum(let left, let right):
            return try Self.arithmetic(
                left.value(in: scope), right.value(in: scope), "+", { $0.addingReportingOverflow($1) }, +)
        case .difference(let left, let right):
            return try Self.arithmetic(
                left.value(in: scope), right.value(in: scope), "-", { $0.subtractingReportingOverflow($1) }, -)
        case .call(let function, let arguments): return try function.apply(try Self.values(arguments, in: scope))
        }
    }

    /// As a condition: false, null, 0, and an empty text, list or object are false; everything else is true.
    package func isTrue(in scope: ExpressionScope) throws(ExpressionError) -> Bool { try value(in: scope).isTruthy }

    private static func values(_ list: [Expression], in scope: ExpressionScope) throws(ExpressionError) -> [JSONValue] {
        var values: [JSONValue] = []
        for item in list { values.append(try item.value(in: scope)) }
        return values
    }

    private static func follow(_ parts: [PathPart], from root: JSONValue) -> JSONValue {
        var value = root
        for part in parts {
            switch part {
            case .member(let name): value = value[name] ?? .null
            case .index(let index):
                let count = value.array?.count ?? 0
                value = value[index < 0 ? count &+ index : index] ?? .null
            }
        }
        return value
    }

    private static func arithmetic(
        _ left: JSONValue, _ right: JSONValue, _ sign: String,
        _ whole: (Int64, Int64) -> (partialValue: Int64, overflow: Bool), _ real: (Double, Double) -> Double
    ) throws(ExpressionError) -> JSONValue {
        if case .int(let left) = left, case .int(let right) = right {
            let (value, overflow) = whole(left, right)
            guard !overflow else { throw ExpressionError(.overflow, "\(left) \(sign) \(right) is too large") }
            return .int(value)
        }
        guard let first = left.number, let second = right.number else {
            throw ExpressionError(
                .typeMismatch, "\(left.kind) \(sign) \(right.kind) has no value; numbers are expected")
        }
        let value = real(first, second)
        guard value.isFinite else { throw ExpressionError(.overflow, "\(first) \(sign) \(second) is too large") }
        return .double(value)
    }
}

extension Expression.Comparison {
    func holds(_ left: JSONValue, _ right: JSONValue) throws(ExpressionError) -> Bool {
        switch self {
        case .equal: return left.equals(right)
        case .notEqual: return !left.equals(right)
        case .less: return try Self.order(left, right) { $0 < 0 }
        case .lessOrEqual: return try Self.order(left, right) { $0 <= 0 }
        case .greater: return try Self.order(left, right) { $0 > 0 }
        case .greaterOrEqual: return try Self.order(left, right) { $0 >= 0 }
        }
    }

    static func order(
        _ left: JSONValue, _ right: JSONValue, _ test: (Int) -> Bool
    ) throws(ExpressionError) -> Bool {
        if case .int(let first) = left, case .int(let second) = right {
            return test(first < second ? -1 : (first == second ? 0 : 1))
        }
        if let first = left.number, let second = right.number {
            return test(first < second ? -1 : (first == second ? 0 : 1))
        }
        if let first = left.string, let second = right.string {
            let isLess = first.unicodeScalars.lexicographicallyPrecedes(second.unicodeScalars)
            return test(isLess ? -1 : (first.utf8.elementsEqual(second.utf8) ? 0 : 1))
        }
        throw ExpressionError(.typeMismatch, "\(left.kind) and \(right.kind) have no order")
    }
}

extension JSONValue {
    package var isTruthy: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .double(let value): value != 0
        case .string(let value): !value.isEmpty
        case .array(let items): !items.isEmpty
        case .object(let members): !members.isEmpty
        }
    }

    /// What kind of value it is, for people.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .int, .double: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }

    var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    func equals(_ other: JSONValue) -> Bool {
        if case .int = self, case .int = other { return self == other }
        if let left = number, let right = other.number { return left == right }
        return self == other
    }

    /// As a template writes it: texts as they are, null as nothing, everything else as JSON.
    package func interpolated() throws(ExpressionError) -> String {
        switch self {
        case .null: return ""
        case .string(let value): return value
        case .bool(let value): return String(value)
        case .int(let value): return String(value)
        case .double, .array, .object:
            do {
                return String(decoding: try canonicalBytes(), as: UTF8.self)
            } catch {
                throw ExpressionError(.typeMismatch, "\(kind) cannot be written as text: \(error)")
            }
        }
    }
}
