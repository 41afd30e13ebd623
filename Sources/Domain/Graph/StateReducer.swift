import FoundationEssentials

/// How a written value meets the value that is there.
package enum StateReducer: String, Sendable, Hashable, Codable, CaseIterable {
    case replace
    /// Lists grow: an array adds its items, anything else adds itself.
    case append
    /// Objects gain and overwrite members, one level deep.
    case merge
    /// Lists grow by the items that they do not have yet.
    case union
    /// Numbers are added up. Whole numbers stay whole until they leave 64 bits.
    case sum
    /// Of `{at, value}` the one with the later `at` (RFC 3339 text or milliseconds since 1970) stays; of equal times
    /// the one whose JSON sorts last, so that the order of arrival never matters.
    case lastByTime = "last_by_time"

    /// Why `value` cannot be written by this reducer.
    package func refusal(of value: JSONValue) -> String? {
        switch self {
        case .replace, .append, .merge, .union: nil
        case .sum: value.number == nil ? "the reducer sum takes numbers, not \(value.kind)" : nil
        case .lastByTime:
            Self.time(of: value) == nil
                ? "the reducer last_by_time takes {at, value}, 'at' an RFC 3339 time or milliseconds since 1970" : nil
        }
    }

    /// Changes `old` in place, so that a list that grows is not copied each time. Total: what the reducer refuses
    /// leaves it as it was.
    package func combine(_ old: inout JSONValue, with new: JSONValue) {
        switch self {
        case .replace: old = new
        case .append: Self.append(&old, new.array ?? [new])
        case .merge:
            guard case .object(let members) = new, case .object(var there) = old else {
                old = new
                return
            }
            old = .null  // gives up the reference, so that the members are changed in place
            there.merge(members) { _, last in last }
            old = .object(there)
        case .union:
            var seen = Set(old.array ?? (old == .null ? [] : [old]))
            Self.append(&old, (new.array ?? [new]).filter { seen.insert($0).inserted })
        case .sum:
            guard let sum = Self.sum(old == .null ? 0 : old, new) else { return }
            old = sum
        case .lastByTime:
            guard let time = Self.time(of: new) else { return }
            if let there = Self.time(of: old), there > time || (there == time && !Self.isLater(new, old)) { return }
            old = new
        }
    }

    private static func append(_ old: inout JSONValue, _ more: [JSONValue]) {
        var items: [JSONValue] = []
        switch old {
        case .null: break
        case .array(let there):
            old = .null  // as above
            items = there
        default: items = [old]
        }
        items += more
        old = .array(items)
    }

    private static func sum(_ left: JSONValue, _ right: JSONValue) -> JSONValue? {
        if case .int(let left) = left, case .int(let right) = right {
            let (sum, overflow) = left.addingReportingOverflow(right)
            if !overflow { return .int(sum) }
        }
        guard let left = left.number, let right = right.number, (left + right).isFinite else { return nil }
        return .double(left + right)
    }

    private static func time(of value: JSONValue) -> Double? {
        guard value["value"] != nil, let at = value["at"] else { return nil }
        if let text = at.string { return TimeText.milliseconds(text).map(Double.init) }
        return at.number
    }

    private static func isLater(_ new: JSONValue, _ old: JSONValue) -> Bool {
        // A value that cannot be written as JSON (no such value is ever read from JSON) sorts first.
        let first = (try? old.canonicalBytes()).map(Array.init) ?? []
        let second = (try? new.canonicalBytes()).map(Array.init) ?? []
        return first.lexicographicallyPrecedes(second)
    }
}
