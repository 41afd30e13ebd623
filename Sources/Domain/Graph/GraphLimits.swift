/// Bounds of the graph language; a graph beyond them is refused when it is written, not when it runs.
package enum GraphLimits {
    /// Nodes of one graph, inline ones included: keeps validation and the run's memory small.
    package static let nodes = 500
    /// Calls that one `for_each` or `parallel` keeps in flight.
    package static let parallel = 64
    /// Items of one `for_each`: each is a job row.
    package static let items = 1_000
    /// Cases of one `choice`.
    package static let cases = 100
    /// Steps of one run where `max_steps` says nothing else: bounds every loop.
    package static let steps = 10_000
    /// The most that `max_steps` and `max_visits` may say: a step is a row.
    package static let mostSteps = 100_000
    /// Graphs inside of graphs.
    package static let graphDepth = 8
    /// Bytes of one expression.
    package static let expressionBytes = 4_096
    /// Nesting of one expression.
    package static let expressionDepth = 32
    /// Nesting of a template.
    package static let templateDepth = 64
    /// Bytes of one text made by a template or a function.
    package static let textBytes = 1_048_576
    /// Bytes that an expression's or a template's value may take as JSON, about: keeps a loop from doubling its state
    /// for ever.
    package static let valueBytes = 16 * 1_048_576
    /// Nesting of a value in the state; readers of JSON stop at 512.
    package static let valueDepth = 128
    /// Kinds and codes that one `retry` names.
    package static let failureKinds = 20
    /// Runs that one concurrency key lets run at once.
    package static let concurrency = 10_000
    /// Priorities reach from its negative to this.
    package static let priority = 1_000
    /// Seconds that a run may be held back for a later one of its key: a day.
    package static let debounceSeconds = 86_400
    /// Bytes of a concurrency or debounce key.
    package static let keyBytes = 256
    /// Attempts of one node.
    package static let attempts = 20
    /// Seconds of one call.
    package static let timeoutSeconds = 3_600
    /// Seconds of one wait: a year.
    package static let waitSeconds = 31_536_000
    /// Milliseconds between two attempts: an hour.
    package static let backoffMilliseconds = 3_600_000
    /// Bytes of a node's id, a state key or a signal's name.
    package static let nameBytes = 64
    /// Faults reported at once.
    package static let faults = 200
}
