import FoundationEssentials
// Holds the time zones' rules: without it TimeZone knows fixed offsets only.
import FoundationInternationalization

/// The clock on a wall of one place: what it shows at an instant, and at which instant it shows a time.
///
/// Instants are seconds since 1970 in UTC; wall times are seconds since 1970 as if the wall were in UTC.
package struct WallClock: Sendable, Hashable {
    /// IANA name.
    package let name: String
    private let zone: TimeZone

    /// Longer than any jump of a wall clock: the longest was a whole day (Samoa, 2011).
    private static let longestJump = 36 * 3_600

    /// `nil` for a name that is not one of the IANA database's.
    package init?(_ name: String) {
        guard name == "UTC" || name.contains("/"), name.utf8.count <= 60, let zone = TimeZone(identifier: name) else {
            return nil
        }
        self.name = name
        self.zone = zone
    }

    package func wallTime(at instant: Int) -> Int { instant + offset(at: instant) }

    /// When the wall shows `wall`: the first time where it does so twice, and the moment of the jump where it never does.
    package func instant(of wall: Int) -> Int {
        let before = offset(at: wall - Self.longestJump), after = offset(at: wall + Self.longestJump)
        // The larger offset is the earlier instant.
        for candidate in [max(before, after), min(before, after)] where offset(at: wall - candidate) == candidate {
            return wall - candidate
        }
        return jump(from: wall - max(before, after), to: wall - min(before, after))
    }

    /// The first instant with another offset than `start`'s.
    private func jump(from start: Int, to end: Int) -> Int {
        let old = offset(at: start)
        var low = start, high = end
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if offset(at: middle) == old { low = middle } else { high = middle }
        }
        return high
    }

    private func offset(at instant: Int) -> Int {
        zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(instant)))
    }
}
