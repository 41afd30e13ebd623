import Domain
import FoundationEssentials
import HTTPTypes

extension Call {
    /// A query parameter that names something; 400 where it is no id.
    func queryID<Subject>(_ name: String) throws -> Identifier<Subject>? {
        guard let text = query[name] else { return nil }
        guard let id = Identifier<Subject>(text) else {
            throw Problem(.badRequest, "bad-parameter", "'\(name)' is not an id.")
        }
        return id
    }

    /// A query parameter that is an RFC 3339 time.
    func queryTime(_ name: String) throws -> Date? {
        guard let text = query[name] else { return nil }
        for fractional in [true, false] {
            // Each form is tried; a text that is neither is reported below.
            if let date = try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: fractional)) {
                return date
            }
        }
        throw Problem(.badRequest, "bad-parameter", "'\(name)' is not an RFC 3339 time.")
    }
}
