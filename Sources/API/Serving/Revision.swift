import HTTPTypes

extension HTTPFields {
    /// `ETag` of a row's revision (RFC 9110, 8.8.3).
    static func entity(revision: Int) -> HTTPFields { [.eTag: "\"\(revision)\""] }
}

extension Call {
    /// The revision that `If-Match` names; `nil` without the header or for `*`.
    func expectedRevision() throws -> Int? {
        guard let header = headers[.ifMatch], header != "*" else { return nil }
        guard let revision = Int(header.drop { $0 == "\"" }.prefix { $0 != "\"" }) else {
            throw Problem(.preconditionFailed, "stale", "If-Match is not an ETag that this resource gave.")
        }
        return revision
    }
}
