/// Something that was awaited did not come.
package struct Overdue: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// How long tests of whole platforms wait for what has to happen.
package enum Patience {
    /// For what has to happen on a machine however busy; only a test that has failed waits so long.
    package static let whole = Duration.seconds(300)
}

/// Looks until `find` gives something; throws at the deadline with what was awaited.
package func wait<Value>(
    for what: String, within patience: Duration = Patience.whole, look: Duration = .milliseconds(20),
    isolation: isolated (any Actor)? = #isolation, _ find: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + patience
    while true {
        if let value = try await find() { return value }
        guard ContinuousClock.now < deadline else { throw Overdue("\(what): not within \(patience)") }
        try await Task.sleep(for: look)
    }
}

/// Looks until `condition` holds; throws at the deadline with what was awaited.
package func until(
    _ what: String, within patience: Duration = Patience.whole, look: Duration = .milliseconds(20),
    isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
) async throws {
    try await wait(for: what, within: patience, look: look) { try await condition() ? () : nil }
}
