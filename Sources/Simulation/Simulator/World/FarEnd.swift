/// What the tools reach: counts every effect by its key.
final class FarEnd {
    private(set) var arrivals: [String: Int] = [:]

    func accept(_ key: String) { arrivals[key, default: 0] += 1 }

    func has(_ key: String) -> Bool { arrivals[key] != nil }

    func count(_ key: String) -> Int { arrivals[key] ?? 0 }
}
