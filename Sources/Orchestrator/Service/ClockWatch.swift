/// Tells whether the database's wall clock was set between two looks, by holding it against this process's steady one.
struct ClockWatch {
    /// Milliseconds that both may drift apart between two looks: far above a slewed clock, far below a lease.
    static let tolerance: Int64 = 3_000

    enum Jump: Equatable {
        /// Leases of the living seem to have run out.
        case forth
        /// What was due before `from` seems to be to come; milliseconds since 1970.
        case back(from: Int64)
    }

    private var last: (database: Int64, asked: ContinuousClock.Instant, answered: ContinuousClock.Instant)?

    /// `database`: its clock in milliseconds since 1970, read at some time between `asked` and `answered`.
    mutating func look(
        _ database: Int64, asked: ContinuousClock.Instant, answered: ContinuousClock.Instant
    ) -> Jump? {
        defer { last = (database, asked, answered) }
        guard let last else { return nil }
        let passed = database - last.database
        let most = (answered - last.asked).milliseconds, least = (asked - last.answered).milliseconds
        if passed > most + Self.tolerance { return .forth }
        if passed < least - Self.tolerance { return .back(from: last.database + most) }
        return nil
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}
