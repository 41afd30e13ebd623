/// How to reach a server and what to set up on each new connection.
package struct PostgresConfiguration: Sendable {
    /// A connection string or URL (PostgreSQL documentation, 34.1.1); hidden when printed, for it may carry a password.
    let dsn: DSN
    package var applicationName: String
    /// Time for one connection to be made, password exchange included.
    package var connectTimeout: Duration = .seconds(10)
    /// Time for one round trip; a statement beyond it is cancelled. Set `statement_timeout` for limits by statement.
    package var queryTimeout: Duration = .seconds(60)
    /// Run on each new connection, such as `SET search_path TO …`.
    package var onConnect: [String]

    package init(dsn: String, applicationName: String = "persona", onConnect: [String] = []) {
        self.dsn = DSN(dsn)
        self.applicationName = applicationName
        self.onConnect = onConnect
    }
}

struct DSN: Sendable, CustomStringConvertible, CustomReflectable {
    private let text: String

    init(_ text: String) { self.text = text }

    func reveal() -> String { text }
    var description: String { "***" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
