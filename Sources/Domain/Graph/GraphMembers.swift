/// Reading single members, each noting what is wrong with it.
extension GraphReader {
    static let reservedRoots: Set<String> = [
        "state", "input", "run", "index", "true", "false", "null", "and", "or", "not",
    ]

    mutating func fault(_ pointer: JSONPointer, _ detail: String) {
        guard faults.count < GraphLimits.faults else { return }
        faults.append(GraphFault(pointer: pointer.description, detail: detail))
    }

    mutating func unknown(_ members: [String: JSONValue], _ pointer: JSONPointer, allowed: Set<String>) {
        for name in members.keys where !allowed.contains(name) {
            fault(pointer.appending(name), "there is no member '\(name)' here")
        }
    }

    mutating func requiredText(
        _ members: [String: JSONValue], _ name: String, _ pointer: JSONPointer
    ) -> String? {
        if let text = members[name]?.string, !text.isEmpty { return text }
        let detail = members[name] == nil ? "'\(name)' is missing" : "a text is expected"
        fault(members[name] == nil ? pointer : pointer.appending(name), detail)
        return nil
    }

    mutating func number(
        _ members: [String: JSONValue], _ name: String, _ pointer: JSONPointer, _ range: ClosedRange<Int>
    ) -> Int? {
        guard let value = members[name], value != .null else { return nil }
        if let whole = value.int, let number = Int(exactly: whole), range.contains(number) { return number }
        fault(pointer.appending(name), "a whole number from \(range.lowerBound) to \(range.upperBound) is expected")
        return nil
    }

    mutating func retry(_ value: JSONValue?, _ pointer: JSONPointer, _ standard: RetryPolicy) -> RetryPolicy {
        var policy = standard
        guard let value, value != .null else { return policy }
        guard let members = value.object else {
            fault(pointer, "an object is expected")
            return policy
        }
        unknown(members, pointer, allowed: ["attempts", "backoff_ms", "max_backoff_ms", "jitter", "on"])
        let delays = 0...GraphLimits.backoffMilliseconds
        policy.attempts = number(members, "attempts", pointer, 1...GraphLimits.attempts) ?? policy.attempts
        policy.backoffMilliseconds = number(members, "backoff_ms", pointer, delays) ?? policy.backoffMilliseconds
        policy.maxBackoffMilliseconds =
            number(members, "max_backoff_ms", pointer, delays)
            ?? max(policy.maxBackoffMilliseconds, policy.backoffMilliseconds)
        if let jitter = members["jitter"] {
            if let known = jitter.string.flatMap(RetryPolicy.Jitter.init) {
                policy.jitter = known
            } else {
                fault(pointer.appending("jitter"), "jitter is one of none, equal, full")
            }
        }
        policy.on = failures(members["on"], pointer.appending("on"))
        return policy
    }

    /// Kinds and codes of failures.
    private mutating func failures(_ value: JSONValue?, _ pointer: JSONPointer) -> Set<String>? {
        guard let value, value != .null else { return nil }
        guard let items = value.array, (1...GraphLimits.failureKinds).contains(items.count) else {
            fault(pointer, "a list of 1 to \(GraphLimits.failureKinds) kinds or codes of failures is expected")
            return nil
        }
        var names: Set<String> = []
        for (index, item) in items.enumerated() {
            if let name = item.string, StatePath.isName(name), name != "unknown_outcome" {
                names.insert(name)
            } else {
                fault(
                    pointer.appending(index),
                    "a kind (transient, permanent, invalid_input) or a code is expected; an unknown outcome is never "
                        + "simply tried again")
            }
        }
        return names
    }

    mutating func statePath(_ value: JSONValue?, _ pointer: JSONPointer, when wanted: Bool = true) -> StatePath? {
        guard wanted, let value, value != .null else { return nil }
        if let path = value.string.flatMap(StatePath.init) { return path }
        fault(pointer, "a state path is expected: names of letters, digits and '_', joined by '.'")
        return nil
    }

    mutating func expression(_ value: JSONValue?, _ pointer: JSONPointer, _ source: NodeSource) -> Expression? {
        guard var text = value?.string else {
            fault(pointer, "an expression is expected, as text")
            return nil
        }
        // Authors write a condition either bare or as the hole of a template.
        if text.hasPrefix("${"), text.hasSuffix("}") { text = String(text.dropFirst(2).dropLast()) }
        do {
            let expression = try Expression(parsing: text)
            check(expression.roots, pointer, source)
            return expression
        } catch {
            fault(pointer, error.message)
            return nil
        }
    }

    mutating func template(_ value: JSONValue, _ pointer: JSONPointer, _ source: NodeSource) -> Template {
        var found: [(JSONPointer, String)] = []
        let template = Template(value, at: pointer) { found.append(($0, $1)) }
        for (place, detail) in found { fault(place, detail) }
        check(template.roots, pointer, source)
        return template
    }

    mutating func check(_ roots: Set<String>, _ pointer: JSONPointer, _ source: NodeSource) {
        for root in roots.sorted() where !["state", "input", "run"].contains(root) && !source.roots.contains(root) {
            fault(pointer, "there is no value named '\(root)' here")
        }
    }

    static func isNodeID(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= GraphLimits.nameBytes else { return false }
        let isLetter = (97...122).contains(first) || (65...90).contains(first)
        return isLetter && text.utf8.allSatisfy { isWordByte($0) }
    }

    static func isSignal(_ text: String) -> Bool {
        text.utf8.count <= GraphLimits.nameBytes && !text.hasPrefix("effect.")
            && text.utf8.allSatisfy { isWordByte($0) || $0 == 46 }
    }

    static func isWordByte(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 95 || byte == 45
    }
}
