/// When something is due: pure arithmetic, instants in seconds since 1970.
package enum Timetable: Sendable, Hashable {
    /// By the clock on the wall. A time that the clock jumps over is due at the jump; one that it shows twice is due
    /// the first time only. What must go on through the jumps of a clock takes an interval.
    case cron(CronExpression, WallClock)
    /// Every so many seconds, counted from `anchor`.
    case interval(seconds: Int, anchor: Int)

    /// Shortest and longest interval, in seconds.
    package static let intervals = 1...366 * 86_400
    /// 29 February is missing for eight years around a century that is no leap year.
    private static let mostDays = 9 * 366

    /// The first time after `instant`; `nil` where there is none, as for 30 February.
    package func next(after instant: Int) -> Int? {
        switch self {
        case .interval(let seconds, let anchor):
            let passed = instant - anchor
            guard passed >= 0 else { return anchor }
            return anchor + (passed / seconds + 1) * seconds
        case .cron(let expression, let clock):
            return Self.next(expression, clock, after: instant)
        }
    }

    private static func next(_ expression: CronExpression, _ clock: WallClock, after instant: Int) -> Int? {
        let shown = clock.wallTime(at: instant)
        // A time of yesterday may have been put off until today by a jump.
        let today = (shown >= 0 ? shown : shown - 86_399) / 86_400
        for days in (today - 1)...(today + mostDays) where expression.includes(CivilDate(days: days)) {
            for time in expression.timesOfDay {
                let wall = days * 86_400 + time
                // Spares looking up times that are over whichever way a clock may jump.
                guard wall > shown - 26 * 3_600 else { continue }
                let due = clock.instant(of: wall)
                if due > instant { return due }
            }
        }
        return nil
    }
}
