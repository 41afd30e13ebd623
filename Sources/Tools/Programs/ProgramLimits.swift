/// What a program may take from the machine.
package struct ProgramLimits: Sendable, Hashable {
    /// Heap, stacks and private writable mappings of each of its processes, in bytes (RLIMIT_DATA): what it allocates,
    /// without the libraries that it shares with others.
    package var memoryBytes: Int
    /// Seconds of processor time of each of its processes.
    package var processorSeconds: Int
    /// Of a single file that it writes.
    package var fileBytes: Int
    /// Of its standard output; a program that prints more is ended.
    package var outputBytes: Int
    /// When it is killed with all that it started.
    package var deadline: ContinuousClock.Instant

    package init(
        memoryBytes: Int, processorSeconds: Int, fileBytes: Int, outputBytes: Int, deadline: ContinuousClock.Instant
    ) {
        self.memoryBytes = memoryBytes
        self.processorSeconds = processorSeconds
        self.fileBytes = fileBytes
        self.outputBytes = outputBytes
        self.deadline = deadline
    }

    /// For parsers of foreign files: 256 MB of memory and 20 s are far above what an honest file needs.
    package static func parsing(until deadline: ContinuousClock.Instant, outputBytes: Int = 16 * 1024 * 1024) -> Self {
        Self(
            memoryBytes: 256 * 1024 * 1024, processorSeconds: 20, fileBytes: 512 * 1024 * 1024,
            outputBytes: outputBytes, deadline: min(deadline, .now + .seconds(20)))
    }
}

/// How a program ended.
package struct ProgramOutcome: Sendable, Hashable {
    package enum End: Sendable, Hashable {
        /// As exit(3) was given it.
        case status(Int32)
        /// The signal that ended it: SIGXCPU and SIGKILL for its processor time, SIGXFSZ for a file too long.
        case signal(Int32)
        case outOfTime
        case outOfOutput
        case cancelled
    }

    package var end: End
    package var output: [UInt8]
    /// The end of its standard error, for operators.
    package var complaint: String

    package var succeeded: Bool { end == .status(0) }
}

/// A program could not be started.
package struct ProgramMissing: Error, Sendable, Hashable, CustomStringConvertible {
    package var program: String
    package var reason: String

    package init(program: String, reason: String) {
        self.program = program
        self.reason = reason
    }

    package var description: String { "'\(program)' could not be started: \(reason)." }
}
