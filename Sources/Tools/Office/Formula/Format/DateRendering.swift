/// Dates and times of one section.
enum DateRendering {
    static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// `nil`: there is no such day.
    static func text(_ section: FormatSection, _ value: Double, _ system: DateSystem) -> String? {
        let isElapsed = section.pieces.contains { if case .elapsed = $0 { true } else { false } }
        guard value >= 0 || isElapsed, value.magnitude < system.last + 1 else { return nil }
        let places = section.pieces.reduce(0) {
            if case .fraction(let count) = $1 { max($0, min(count, 3)) } else { $0 }
        }
        // What is shown is rounded once, so that 59.9996 seconds do not show as 60.
        let unit = [1.0, 10, 100, 1000][places]
        let ticks = (value.magnitude * 86_400 * unit).rounded()
        let seconds = (ticks / unit).rounded(.down)
        let day = Int(seconds / 86_400)
        guard let date = CalendarDay(serial: min(Double(day), system.last), system) else { return nil }
        let moment = Moment(
            date: date, weekday: CalendarDay.weekday(serial: day, system), seconds: seconds,
            fraction: Int(ticks - seconds * unit), places: places,
            hasHalf: section.pieces.contains { if case .half = $0 { true } else { false } })
        return (value < 0 ? "-" : "") + section.pieces.map(moment.text).joined()
    }

    private struct Moment {
        let date: CalendarDay
        let weekday: Int
        /// Since the start of the calendar.
        let seconds: Double
        let fraction: Int
        let places: Int
        let hasHalf: Bool

        private var second: Int { Int(seconds.truncatingRemainder(dividingBy: 60)) }
        private var minute: Int { Int((seconds / 60).rounded(.down).truncatingRemainder(dividingBy: 60)) }
        private var hour: Int { Int((seconds / 3600).rounded(.down).truncatingRemainder(dividingBy: 24)) }

        func text(_ piece: FormatSection.Piece) -> String {
            switch piece {
            case .literal(let text): return text
            case .year(let count): return count <= 2 ? padded(date.year % 100, 2) : padded(date.year, 4)
            case .month(let count): return month(count)
            case .day(let count):
                if count <= 2 { return padded(date.day, count) }
                let name = days[weekday - 1]
                return count == 3 ? String(name.prefix(3)) : name
            case .hour(let count): return padded(hasHalf ? (hour + 11) % 12 + 1 : hour, min(count, 2))
            case .minute(let count): return padded(minute, min(count, 2))
            case .second(let count): return padded(second, min(count, 2))
            case .fraction(let count):
                return "." + padded(fraction, places) + String(repeating: "0", count: count - places)
            case .elapsed(let unit, let count):
                let size = unit == .hours ? 3600.0 : unit == .minutes ? 60 : 1
                return padded(Int((seconds / size).rounded(.down)), count)
            case .half(let morning, let afternoon): return hour < 12 ? morning : afternoon
            case .percent: return "%"
            case .digit(let kind): return String(decoding: [kind], as: UTF8.self)
            case .point, .exponent, .slash, .general, .text: return ""
            }
        }

        private func month(_ count: Int) -> String {
            let name = months[date.month - 1]
            switch count {
            case 1, 2: return padded(date.month, count)
            case 3: return String(name.prefix(3))
            case 5: return String(name.prefix(1))
            default: return name
            }
        }

        private func padded(_ number: Int, _ width: Int) -> String {
            let text = "\(number)"
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
    }
}
