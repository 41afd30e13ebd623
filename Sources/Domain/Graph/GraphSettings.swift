/// What a graph says of its runs as wholes.
package struct GraphSettings: Sendable, Hashable {
    /// Steps of one run.
    package var maxSteps = GraphLimits.steps
    var priority = 0
    var concurrency: Concurrency?
    var debounce: Debounce?

    struct Concurrency: Sendable, Hashable {
        var key: Expression
        var limit: Int
    }

    struct Debounce: Sendable, Hashable {
        /// `nil`: all runs of the graph share one key.
        var key: Expression?
        var seconds: Int
    }

    static let members: Set<String> = [
        "name", "description", "max_steps", "priority", "concurrency", "debounce_seconds", "debounce_key",
    ]
}

/// What the store must know of a run when it is created.
package struct RunAdmission: Sendable, Hashable {
    /// Higher goes first; 0 where the graph says nothing.
    package var priority = 0
    /// At most `concurrencyLimit` runs of a tenant with the same key are under way at once; the others stay queued.
    package var concurrencyKey: String?
    package var concurrencyLimit: Int?
    /// A run is begun so many seconds after its creation, and not at all where a later one of its key came meanwhile.
    package var debounceKey: String?
    package var debounceSeconds: Int?
    /// Why a key could not be made out. Runs without a key share the key `?`, so that a limit still holds; they are
    /// not debounced.
    package var fault: ExpressionError?

    package init() {}
}

extension GraphDefinition {
    /// What the store reads when it creates a run with `input`. Total: a key that cannot be made out is a `fault`.
    package func admission(input: JSONValue) -> RunAdmission {
        var admission = RunAdmission()
        admission.priority = settings.priority
        let scope = ExpressionScope(input: input)
        if let concurrency = settings.concurrency {
            admission.concurrencyLimit = concurrency.limit
            do {
                admission.concurrencyKey = try Self.key(concurrency.key, in: scope)
            } catch {
                admission.concurrencyKey = "?"
                admission.fault = error
            }
        }
        if let debounce = settings.debounce {
            do {
                admission.debounceKey = if let key = debounce.key { try Self.key(key, in: scope) } else { "" }
                admission.debounceSeconds = debounce.seconds
            } catch {
                admission.fault = error
            }
        }
        return admission
    }

    private static func key(_ key: Expression, in scope: ExpressionScope) throws(ExpressionError) -> String {
        let text = try key.value(in: scope).interpolated()
        guard text.utf8.count <= GraphLimits.keyBytes else {
            throw ExpressionError(.tooLarge, "a key has at most \(GraphLimits.keyBytes) bytes")
        }
        return text
    }
}

extension GraphReader {
    mutating func readSettings(_ members: [String: JSONValue]) -> GraphSettings {
        let root = JSONPointer()
        var settings = GraphSettings()
        settings.maxSteps = number(members, "max_steps", root, 1...GraphLimits.mostSteps) ?? settings.maxSteps
        settings.priority = number(members, "priority", root, -GraphLimits.priority...GraphLimits.priority) ?? 0
        let pointer = root.appending("concurrency")
        if let value = members["concurrency"], value != .null {
            if let object = value.object {
                unknown(object, pointer, allowed: ["key", "limit"])
                let limit = number(object, "limit", pointer, 1...GraphLimits.concurrency)
                if limit == nil, object["limit"]?.int == nil { fault(pointer, "'limit' is missing") }
                if let key = key(object["key"], pointer.appending("key")), let limit {
                    settings.concurrency = .init(key: key, limit: limit)
                }
            } else {
                fault(pointer, "an object with 'key' and 'limit' is expected")
            }
        }
        let debounceKey = members["debounce_key"].flatMap { key($0, root.appending("debounce_key")) }
        if let seconds = number(members, "debounce_seconds", root, 1...GraphLimits.debounceSeconds) {
            settings.debounce = .init(key: debounceKey, seconds: seconds)
        } else if debounceKey != nil {
            fault(root.appending("debounce_key"), "'debounce_seconds' is missing")
        }
        return settings
    }

    /// An expression over `input` alone: there is no state yet.
    private mutating func key(_ value: JSONValue?, _ pointer: JSONPointer) -> Expression? {
        let source = NodeSource(id: "", spec: .null, pointer: pointer, placement: .top)
        guard let expression = expression(value, pointer, source) else { return nil }
        for root in expression.roots.sorted() where root == "state" || root == "run" {
            fault(pointer, "a key is made of 'input' alone; there is no '\(root)' yet")
        }
        return expression
    }
}
