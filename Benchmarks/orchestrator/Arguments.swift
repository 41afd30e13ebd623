import Glibc

/// `--name value` pairs of the command line.
struct Arguments {
    private var values: [String: String] = [:]

    init(_ words: [String]) {
        var rest = words.dropFirst()
        while let name = rest.popFirst() {
            guard name.hasPrefix("--"), let value = rest.popFirst() else { Self.refuse("'\(name)' is not an option") }
            values[String(name.dropFirst(2))] = value
        }
    }

    func text(_ name: String) -> String {
        guard let value = values[name] else { Self.refuse("--\(name) is missing") }
        return value
    }

    func number(_ name: String, _ fallback: Int) -> Int {
        guard let value = values[name] else { return fallback }
        guard let number = Int(value), number >= 0 else { Self.refuse("--\(name) wants a number") }
        return number
    }

    func word(_ name: String, _ fallback: String) -> String { values[name] ?? fallback }

    static func refuse(_ message: String) -> Never {
        let line = Array("OrchestratorBenchmark: \(message)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        exit(2)
    }
}
