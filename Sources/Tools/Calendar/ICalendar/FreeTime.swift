package import Timetables

/// Looks for times that nothing takes.
package struct FreeTime: Sendable {
    /// Seconds.
    package var duration: Int
    /// Kept free before and after what is busy, in seconds.
    package var buffer = 0
    /// Starts are multiples of this, in seconds by the wall.
    package var step: Int
    /// Seconds after midnight by the wall.
    package var hours: Range<Int>
    /// 0 is Sunday.
    package var days: Set<Int>
    package var clock: WallClock

    package init(duration: Int, buffer: Int, step: Int, hours: Range<Int>, days: Set<Int>, clock: WallClock) {
        self.duration = duration
        self.buffer = buffer
        self.step = step
        self.hours = hours
        self.days = days
        self.clock = clock
    }

    /// Free slots within the window, the earliest first, which do not overlap each other.
    package func slots(in window: Range<Int>, busy: [Range<Int>], limit: Int) -> [Range<Int>] {
        let taken = Self.joined(busy.map { ($0.lowerBound - buffer)..<($0.upperBound + buffer) })
        var slots: [Range<Int>] = []
        var next = 0
        let firstDay = Self.day(clock.wallTime(at: window.lowerBound)),
            lastDay = Self.day(clock.wallTime(at: window.upperBound))
        for day in firstDay...max(firstDay, lastDay) where days.contains(CivilDate(days: day).dayOfWeek) {
            var wall = day * 86_400 + hours.lowerBound
            let end = day * 86_400 + hours.upperBound
            while wall + duration <= end {
                let start = clock.instant(of: wall), stop = start + duration
                // The clock may have jumped over a part of the working day.
                guard start >= window.lowerBound, stop <= window.upperBound, clock.instant(of: end) >= stop else {
                    wall += step
                    continue
                }
                while next < taken.count, taken[next].upperBound <= start { next += 1 }
                guard next < taken.count, taken[next].lowerBound < stop else {
                    slots.append(start..<stop)
                    guard slots.count < limit else { return slots }
                    wall += (duration + step - 1) / step * step
                    continue
                }
                wall += step
            }
        }
        return slots
    }

    private static func day(_ wall: Int) -> Int { wall >= 0 ? wall / 86_400 : (wall - 86_399) / 86_400 }

    /// In order, overlaps merged.
    package static func joined(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var joined: [Range<Int>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = joined.last, last.upperBound >= range.lowerBound {
                joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        return joined
    }
}
