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
    /// Transitions of one run: bounds every loop.
    package static let steps = 10_000
    /// Bytes of one expression.
    package static let expressionBytes = 4_096
    /// Nesting of one expression.
    package static let expressionDepth = 32
    /// Nesting of a template.
    package static let templateDepth = 64
    /// Bytes of one text made by a template or a function.
    package static let textBytes = 1_048_576
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
