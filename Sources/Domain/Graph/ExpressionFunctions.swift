extension ExpressionFunction {
    /// Applies the function; the parser has held `arguments` to `arity`.
    func apply(_ arguments: [JSONValue]) throws(ExpressionError) -> JSONValue {
        guard let value = arguments.first else { return .null }
        let second = arguments.dropFirst().first ?? .null
        switch self {
        case .exists: return .bool(value != .null)
        case .length: return .int(Int64(try length(value)))
        case .coalesce: return arguments.first { $0 != .null } ?? .null
        case .default: return value == .null || value == .string("") ? second : value
        case .concat: return try concat(arguments)
        case .contains: return .bool(try contains(value, second))
        case .lower: return .string(try text(value).lowercased())
        case .upper: return .string(try text(value).uppercased())
        case .trim: return .string(Self.trimmed(try text(value)))
        case .startsWith: return .bool(try text(value).utf8.starts(with: try text(second).utf8))
        case .endsWith: return .bool(try text(value).utf8.reversed().starts(with: try text(second).utf8.reversed()))
        case .join: return .string(try join(try list(value), try text(second)))
        case .first: return try list(value).first ?? .null
        case .last: return try list(value).last ?? .null
        case .slice: return try slice(try list(value), from: second, count: arguments.dropFirst(2).first ?? .null)
        case .pluck:
            let name = try text(second)
            return .array(try list(value).compactMap { $0[name] })
        case .where:
            let name = try text(second)
            let wanted = arguments.dropFirst(2).first ?? .null
            return .array(try list(value).filter { ($0[name] ?? .null).equals(wanted) })
        case .unique:
            var seen: Set<JSONValue> = []
            return .array(try list(value).filter { seen.insert($0).inserted })
        case .keys: return .array(try object(value).keys.sorted().map { .string($0) })
        case .text: return .string(try value.interpolated())
        case .number: return number(value)
        case .merge: return .object(try object(value).merging(try object(second)) { _, last in last })
        case .values: return .array(try object(value).sorted { $0.key < $1.key }.map(\.value))
        case .split: return .array(try split(try text(value), try text(second)))
        case .sum: return try sum(try list(value))
        case .min: return try extreme(try list(value)) { $0 < 0 }
        case .max: return try extreme(try list(value)) { $0 > 0 }
        case .round: return try round(value)
        case .sort: return .array(try sort(try list(value)))
        case .time: return TimeText.milliseconds(try text(value)).map { .int($0) } ?? .null
        }
    }

    private func length(_ value: JSONValue) throws(ExpressionError) -> Int {
        switch value {
        case .null: return 0
        case .string(let text): return text.count
        case .array(let items): return items.count
        case .object(let members): return members.count
        default: throw mismatch(value, "a text, a list or an object")
        }
    }

    private func concat(_ arguments: [JSONValue]) throws(ExpressionError) -> JSONValue {
        if arguments.contains(where: { $0.array != nil }) {
            return .array(
                arguments.flatMap { argument -> [JSONValue] in
                    argument == .null ? [] : argument.array ?? [argument]
                })
        }
        var text = ""
        for argument in arguments {
            text += try argument.interpolated()
            try Self.bound(text)
        }
        return .string(text)
    }

    private func contains(_ value: JSONValue, _ part: JSONValue) throws(ExpressionError) -> Bool {
        switch value {
        case .null: return false
        case .string(let text):
            let wanted = Array(try self.text(part).utf8)
            return wanted.isEmpty || Self.occurs(wanted, in: Array(text.utf8))
        case .array(let items): return items.contains { $0.equals(part) }
        case .object(let members): return members[try self.text(part)] != nil
        default: throw mismatch(value, "a text, a list or an object")
        }
    }

    private func split(_ text: String, _ separator: String) throws(ExpressionError) -> [JSONValue] {
        guard !separator.isEmpty else { return [.string(text)] }
        return Self.parts(Array(text.utf8), Array(separator.utf8)).map { .string(String(decoding: $0, as: UTF8.self)) }
    }

    private func sum(_ items: [JSONValue]) throws(ExpressionError) -> JSONValue {
        var total: JSONValue = 0
        for item in items { total = try Expression.sum(.literal(total), .literal(item)).value(in: ExpressionScope()) }
        return total
    }

    private func extreme(_ items: [JSONValue], _ wins: (Int) -> Bool) throws(ExpressionError) -> JSONValue {
        guard var best = items.first else { return .null }
        for item in items.dropFirst() where try Expression.Comparison.order(item, best, wins) { best = item }
        return best
    }

    private func sort(_ items: [JSONValue]) throws(ExpressionError) -> [JSONValue] {
        do {
            return try items.sorted { try Expression.Comparison.order($0, $1) { $0 < 0 } }
        } catch let error as ExpressionError {
            throw error
        } catch {
            throw mismatch(.array(items), "numbers or texts")
        }
    }

    private func round(_ value: JSONValue) throws(ExpressionError) -> JSONValue {
        if case .int = value { return value }
        guard let number = value.number else { throw mismatch(value, "a number") }
        guard let whole = Int64(exactly: number.rounded()) else {
            throw ExpressionError(.overflow, "\(number) is too large to be rounded")
        }
        return .int(whole)
    }

    private func join(_ items: [JSONValue], _ separator: String) throws(ExpressionError) -> String {
        var text = ""
        for (index, item) in items.enumerated() {
            if index > 0 { text += separator }
            text += try item.interpolated()
            try Self.bound(text)
        }
        return text
    }

    private func slice(_ items: [JSONValue], from: JSONValue, count: JSONValue) throws(ExpressionError) -> JSONValue {
        guard let start = from.int, let count = count.int, start >= 0, count >= 0 else {
            throw ExpressionError(.typeMismatch, "'slice' takes a list, a start and a count, neither below 0")
        }
        let kept = items.dropFirst(Int(clamping: start)).prefix(Int(clamping: count))
        return .array(Array(kept))
    }

    private func number(_ value: JSONValue) -> JSONValue {
        guard let text = value.string else { return value.number == nil ? .null : value }
        let trimmed = Self.trimmed(text)
        if let whole = Int64(trimmed) { return .int(whole) }
        guard let real = Double(trimmed), real.isFinite else { return .null }
        return .double(real)
    }

    private func text(_ value: JSONValue) throws(ExpressionError) -> String {
        if value == .null { return "" }
        guard let text = value.string else { throw mismatch(value, "a text") }
        return text
    }

    private func list(_ value: JSONValue) throws(ExpressionError) -> [JSONValue] {
        if value == .null { return [] }
        guard let items = value.array else { throw mismatch(value, "a list") }
        return items
    }

    private func object(_ value: JSONValue) throws(ExpressionError) -> [String: JSONValue] {
        if value == .null { return [:] }
        guard let members = value.object else { throw mismatch(value, "an object") }
        return members
    }

    private func mismatch(_ value: JSONValue, _ wanted: String) -> ExpressionError {
        ExpressionError(.typeMismatch, "'\(rawValue)' takes \(wanted), not \(value.kind)")
    }

    private static func bound(_ text: String) throws(ExpressionError) {
        guard text.utf8.count <= GraphLimits.textBytes else {
            throw ExpressionError(.tooLarge, "a text has at most \(GraphLimits.textBytes) bytes")
        }
    }

    private static func trimmed(_ text: String) -> String {
        let kept = text.drop { $0.isWhitespace }
        guard let last = kept.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(kept[...last])
    }

    private static func occurs(_ wanted: [UInt8], in text: [UInt8]) -> Bool {
        var isFound = false
        search(wanted, in: text) { _ in
            isFound = true
            return false
        }
        return isFound
    }

    private static func parts(_ text: [UInt8], _ separator: [UInt8]) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start = 0
        search(separator, in: text) { end in
            parts.append(text[start..<(end - separator.count)])
            start = end
            return true
        }
        return parts + [text[start...]]
    }

    /// Tells `found` where each occurrence ends, until it has seen enough; occurrences do not overlap. Knuth, Morris
    /// and Pratt: linear, so that a hostile text costs no more than its length.
    private static func search(_ wanted: [UInt8], in text: [UInt8], _ found: (Int) -> Bool) {
        var borders = [Int](repeating: 0, count: wanted.count)
        var matched = 0
        for index in wanted.indices.dropFirst() {
            while matched > 0, wanted[index] != wanted[matched] { matched = borders[matched - 1] }
            if wanted[index] == wanted[matched] { matched += 1 }
            borders[index] = matched
        }
        matched = 0
        for (index, byte) in text.enumerated() {
            while matched > 0, byte != wanted[matched] { matched = borders[matched - 1] }
            if byte == wanted[matched] { matched += 1 }
            guard matched == wanted.count else { continue }
            guard found(index + 1) else { return }
            matched = 0
        }
    }
}
