import Domain

/// One check of a value against a schema.
struct SchemaCheck {
    /// Enough to mend a call, not enough to be a weapon.
    static let mostFaults = 20
    /// Schemas within schemas, references followed: deeper is a reference that names itself.
    static let deepest = 64
    /// Schemas applied in one check: what a schema of branches within branches may cost.
    static let mostSteps = 200_000

    let root: JSONValue
    private(set) var faults: [ValueFault] = []
    private var depth = 0
    private var steps = 0

    init(root: JSONValue) { self.root = root }

    mutating func hold(_ value: JSONValue, to schema: JSONValue, at pointer: String) {
        guard faults.count < Self.mostFaults else { return }
        steps += 1
        guard depth < Self.deepest, steps < Self.mostSteps else {
            return fault(pointer, "cannot be checked: its schema is nested too deeply")
        }
        switch schema {
        case .bool(true): return
        case .bool(false): return fault(pointer, "is not allowed")
        case .object(let words): apply(words, to: value, at: pointer)
        default: return
        }
    }

    private mutating func apply(_ words: [String: JSONValue], to value: JSONValue, at pointer: String) {
        depth += 1
        defer { depth -= 1 }
        if let reference = words["$ref"]?.string {
            guard reference.hasPrefix("#"), let target = root[pointer: String(reference.dropFirst())] else {
                return fault(pointer, "cannot be checked: the schema names '\(reference)', which it does not have")
            }
            hold(value, to: target, at: pointer)
        }
        guard kind(words["type"], fits: value, at: pointer) else { return }
        if let choices = words["enum"]?.array, !choices.contains(where: { $0.isSame(as: value) }) {
            fault(pointer, "must be one of \(Self.list(choices))")
        }
        if let only = words["const"], !only.isSame(as: value) { fault(pointer, "must be \(Self.text(only))") }
        switch value {
        case .object(let members): hold(members, to: words, at: pointer)
        case .array(let items): hold(items, to: words, at: pointer)
        case .string(let text): hold(text, to: words, at: pointer)
        case .int, .double: hold(value.number ?? 0, to: words, at: pointer)
        case .null, .bool: break
        }
        combine(words, value, at: pointer)
    }

    private mutating func kind(_ word: JSONValue?, fits value: JSONValue, at pointer: String) -> Bool {
        guard let word else { return true }
        let kinds = word.array?.compactMap(\.string) ?? [word.string].compactMap { $0 }
        if kinds.contains(where: { value.isOf(kind: $0) }) { return true }
        fault(pointer, "must be \(Self.words(kinds)), not \(value.kindInWords)")
        return false
    }

    private mutating func hold(_ members: [String: JSONValue], to words: [String: JSONValue], at pointer: String) {
        for name in words["required"]?.array?.compactMap(\.string) ?? [] where members[name] == nil {
            fault(pointer + "/" + name.asPointerPart, "is required")
        }
        let properties = words["properties"]?.object ?? [:]
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            let place = pointer + "/" + name.asPointerPart
            if let names = words["propertyNames"] { hold(.string(name), to: names, at: place) }
            if let property = properties[name] {
                hold(value, to: property, at: place)
            } else if words["patternProperties"] == nil, let rest = words["additionalProperties"] {
                if rest == .bool(false) {
                    fault(place, "is not a member of this object; it has \(Self.list(properties.keys.sorted()))")
                } else {
                    hold(value, to: rest, at: place)
                }
            }
        }
        bound(members.count, words["minProperties"], words["maxProperties"], "members", at: pointer)
        for (name, needed) in words["dependentRequired"]?.object ?? [:] where members[name] != nil {
            for other in needed.array?.compactMap(\.string) ?? [] where members[other] == nil {
                fault(pointer + "/" + other.asPointerPart, "is required beside '\(name)'")
            }
        }
    }

    private mutating func hold(_ items: [JSONValue], to words: [String: JSONValue], at pointer: String) {
        let first = words["prefixItems"]?.array ?? []
        for (index, item) in items.enumerated() where faults.count < Self.mostFaults {
            if index < first.count {
                hold(item, to: first[index], at: "\(pointer)/\(index)")
            } else if let rest = words["items"] {
                hold(item, to: rest, at: "\(pointer)/\(index)")
            }
        }
        bound(items.count, words["minItems"], words["maxItems"], "items", at: pointer)
        if words["uniqueItems"] == .bool(true), Set(items).count < items.count {
            fault(pointer, "has an item twice")
        }
        if let wanted = words["contains"] {
            let count = items.count { fits($0, wanted) }
            bound(count, words["minContains"] ?? 1, words["maxContains"], "items of the wanted kind", at: pointer)
        }
    }

    private mutating func hold(_ text: String, to words: [String: JSONValue], at pointer: String) {
        guard words["minLength"] != nil || words["maxLength"] != nil else { return }
        // Code points are what JSON Schema counts.
        bound(text.unicodeScalars.count, words["minLength"], words["maxLength"], "characters", at: pointer)
    }

    private mutating func hold(_ number: Double, to words: [String: JSONValue], at pointer: String) {
        if let least = words["minimum"]?.number, number < least {
            fault(pointer, "must be at least \(Self.text(least))")
        }
        if let most = words["maximum"]?.number, number > most { fault(pointer, "must be at most \(Self.text(most))") }
        if let least = words["exclusiveMinimum"]?.number, number <= least {
            fault(pointer, "must be above \(Self.text(least))")
        }
        if let most = words["exclusiveMaximum"]?.number, number >= most {
            fault(pointer, "must be below \(Self.text(most))")
        }
        if let step = words["multipleOf"]?.number, step > 0 {
            let ratio = number / step
            if ratio.isFinite, abs(ratio - ratio.rounded()) > 1e-9 * max(1, abs(ratio)) {
                fault(pointer, "must be a multiple of \(Self.text(step))")
            }
        }
    }

    private mutating func bound(_ count: Int, _ least: JSONValue?, _ most: JSONValue?, _ what: String, at place: String)
    {
        if let least = least?.number, Double(count) < least {
            fault(place, "has \(count) \(what); at least \(Self.text(least)) are needed")
        }
        if let most = most?.number, Double(count) > most {
            fault(place, "has \(count) \(what); at most \(Self.text(most)) are taken")
        }
    }

    private mutating func combine(_ words: [String: JSONValue], _ value: JSONValue, at pointer: String) {
        for schema in words["allOf"]?.array ?? [] { hold(value, to: schema, at: pointer) }
        if let branches = words["anyOf"]?.array { choose(branches, value, at: pointer, isExclusive: false) }
        if let branches = words["oneOf"]?.array { choose(branches, value, at: pointer, isExclusive: true) }
        if let never = words["not"], fits(value, never) { fault(pointer, "is what the schema rules out") }
        if let condition = words["if"] {
            let branch = fits(value, condition) ? words["then"] : words["else"]
            if let branch { hold(value, to: branch, at: pointer) }
        }
    }

    /// Where no branch fits, the faults of the nearest one are told: the one whose faults lie deepest.
    private mutating func choose(_ branches: [JSONValue], _ value: JSONValue, at pointer: String, isExclusive: Bool) {
        var fitting = 0
        var nearest: [ValueFault] = []
        for branch in branches {
            let found = trial(value, branch, at: pointer)
            if found.isEmpty {
                fitting += 1
                if !isExclusive { return }
            } else if nearest.isEmpty || Self.isNearer(found, than: nearest) {
                nearest = found
            }
        }
        if fitting == 0 { faults += nearest.prefix(Self.mostFaults - faults.count) }
        if fitting > 1 { fault(pointer, "fits \(fitting) alternatives of which it may fit one") }
    }

    /// A branch whose constant member fits (the kind of a union) is meant, then the one with the fewest faults.
    private static func isNearer(_ one: [ValueFault], than other: [ValueFault]) -> Bool {
        func rank(_ faults: [ValueFault]) -> (Int, Int) {
            (faults.count { $0.detail.hasPrefix("must be \"") }, faults.count)
        }
        return rank(one) < rank(other)
    }

    private mutating func fits(_ value: JSONValue, _ schema: JSONValue) -> Bool {
        trial(value, schema, at: "").isEmpty
    }

    private mutating func trial(_ value: JSONValue, _ schema: JSONValue, at pointer: String) -> [ValueFault] {
        let kept = faults
        faults = []
        hold(value, to: schema, at: pointer)
        defer { faults = kept }
        return faults
    }

    private mutating func fault(_ pointer: String, _ detail: String) {
        if faults.count < Self.mostFaults { faults.append(ValueFault(pointer: pointer, detail: detail)) }
    }
}

extension SchemaCheck {
    /// Choices shown in a fault.
    private static let shownChoices = 12

    private static func list(_ values: [JSONValue]) -> String { list(values.map(text)) }

    private static func list(_ texts: [String]) -> String {
        let shown = texts.prefix(shownChoices).joined(separator: ", ")
        return texts.count > shownChoices ? "\(shown) and \(texts.count - shownChoices) more" : shown
    }

    private static func text(_ value: JSONValue) -> String {
        // A schema's own constants: no secret, and never unprintable but for a number that is none.
        (try? value.canonicalBytes()).map { String(decoding: $0.prefix(200), as: UTF8.self) } ?? "a number"
    }

    private static func text(_ number: Double) -> String { Int64(exactly: number).map { "\($0)" } ?? "\(number)" }

    private static func words(_ kinds: [String]) -> String {
        kinds.map { kind in
            switch kind {
            case "object": "an object"
            case "array": "a list"
            case "string": "a text"
            case "integer": "a whole number"
            case "number": "a number"
            case "boolean": "true or false"
            default: kind
            }
        }.joined(separator: " or ")
    }
}

extension JSONValue {
    /// Numbers by value (JSON Schema core, 4.2.2): 1 and 1.0 are the same.
    fileprivate func isSame(as other: JSONValue) -> Bool {
        if let mine = number, let theirs = other.number { return mine == theirs }
        return self == other
    }

    fileprivate func isOf(kind: String) -> Bool {
        switch (kind, self) {
        case ("null", .null), ("boolean", .bool), ("string", .string), ("array", .array), ("object", .object),
            ("number", .int), ("number", .double), ("integer", .int):
            true
        case ("integer", .double(let value)): value.rounded() == value && value.isFinite
        default: false
        }
    }

    fileprivate var kindInWords: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .int, .double: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
