/// A total expression over a run's values: paths, literals, comparison, logic, sums and a fixed set of functions.
/// No loops, no definitions, no effects: evaluation ends in time linear in the values it reads.
///
///     expression = and { "or" and }          and = not { "and" not }        not = "not" not | comparison
///     comparison = sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=") sum ]      sum = value { ("+" | "-") value }
///     value = number | 'text' | "text" | true | false | null | "[" list "]" | "(" expression ")"
///           | name "(" list ")" | name { "." name | "[" (integer | text) "]" }
package indirect enum Expression: Sendable, Hashable {
    case literal(JSONValue)
    case list([Expression])
    case path(root: String, [PathPart])
    case not(Expression)
    case and(Expression, Expression)
    case or(Expression, Expression)
    case compare(Comparison, Expression, Expression)
    case sum(Expression, Expression)
    case difference(Expression, Expression)
    case call(ExpressionFunction, [Expression])

    package enum PathPart: Sendable, Hashable {
        case member(String)
        case index(Int)
    }

    package enum Comparison: String, Sendable, Hashable, CaseIterable {
        case equal = "=="
        case notEqual = "!="
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case less = "<"
        case greater = ">"
    }

    /// Parses `text`. Throws what is wrong and at which byte.
    package init(parsing text: String) throws(ExpressionError) {
        var parser = ExpressionParser(text)
        self = try parser.parse()
    }

    /// Keys of the state that the expression names.
    package var stateKeys: Set<String> {
        switch self {
        case .literal: []
        case .path(let root, let parts):
            if root == "state", case .member(let key)? = parts.first { [key] } else { [] }
        case .list(let items), .call(_, let items): items.reduce(into: []) { $0.formUnion($1.stateKeys) }
        case .not(let operand): operand.stateKeys
        case .and(let left, let right), .or(let left, let right), .compare(_, let left, let right),
            .sum(let left, let right), .difference(let left, let right):
            left.stateKeys.union(right.stateKeys)
        }
    }

    /// Names that the expression reads: `state`, `input`, `item`.
    package var roots: Set<String> {
        switch self {
        case .literal: []
        case .path(let root, _): [root]
        case .list(let items), .call(_, let items): items.reduce(into: []) { $0.formUnion($1.roots) }
        case .not(let operand): operand.roots
        case .and(let left, let right), .or(let left, let right), .compare(_, let left, let right),
            .sum(let left, let right), .difference(let left, let right):
            left.roots.union(right.roots)
        }
    }
}

/// Why an expression could not be parsed or evaluated. Never a trap: it fails the node that holds the expression.
package struct ExpressionError: Error, Sendable, Hashable, Codable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable, Codable {
        case syntax
        case typeMismatch = "type_mismatch"
        case overflow
        case tooLarge = "too_large"
        case tooDeep = "too_deep"
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

/// The functions of the language, with how many arguments each takes.
package enum ExpressionFunction: String, Sendable, Hashable, CaseIterable {
    /// `exists(value)`: whether it is there and not null.
    case exists
    /// `length(value)`: characters of a text, items of a list, members of an object; 0 of null.
    case length
    /// `coalesce(a, b, …)`: the first that is not null.
    case coalesce
    /// `default(value, other)`: `other` where `value` is null or an empty text.
    case `default`
    /// `concat(a, b, …)`: lists into one list, else texts into one text.
    case concat
    /// `contains(value, part)`: a text in a text, an item in a list, a member's name in an object.
    case contains
    case lower, upper, trim
    case startsWith = "starts_with"
    case endsWith = "ends_with"
    /// `join(list, separator)`
    case join
    case first, last
    /// `slice(list, start, count)`
    case slice
    /// `pluck(list, name)`: that member of each object which has it.
    case pluck
    /// `where(list, name, value)`: the objects whose member equals `value`.
    case `where`
    /// `unique(list)`: the first of each equal item.
    case unique
    case keys
    /// `text(value)`: as a template would write it.
    case text
    /// `number(text)`: null where it is none.
    case number
    /// `merge(a, b)`: members of both objects, `b`'s first.
    case merge
    /// `values(object)`: its members in the order of their names.
    case values
    /// `split(text, separator)`: the parts; an empty separator leaves one part.
    case split
    /// `sum(list)`, 0 of nothing.
    case sum
    /// `min(list)`, `max(list)`: of numbers or of texts; null of nothing.
    case min, max
    /// `round(number)`: the nearest whole number, halves away from zero.
    case round
    /// `sort(list)`: numbers or texts, ascending.
    case sort
    /// `time(text)`: milliseconds since 1970 of an RFC 3339 time; null where it is none.
    case time

    package var arity: ClosedRange<Int> {
        switch self {
        case .exists, .length, .lower, .upper, .trim, .first, .last, .unique, .keys, .text, .number, .values, .sum,
            .min, .max,
            .round, .sort, .time:
            1...1
        case .default, .contains, .startsWith, .endsWith, .join, .pluck, .merge, .split: 2...2
        case .slice, .where: 3...3
        case .coalesce, .concat: 1...16
        }
    }
}
