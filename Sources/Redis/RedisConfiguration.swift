/// Where a Redis is: `unix:///path/redis.sock`, or `redis://[[user]:password@]host[:port][/database]`.
package struct RedisConfiguration: Sendable, CustomStringConvertible, CustomReflectable {
    enum Address: Sendable, Equatable {
        case socket(path: String)
        case host(String, port: Int32)
    }

    static let defaultPort: Int32 = 6379

    let address: Address
    let user: String
    let password: String
    let database: Int
    /// Time for a connection to be made.
    package var connectTimeout: Duration = .seconds(1)
    /// Time for the answer to a command: Redis answers in well under a millisecond or is not there.
    package var commandTimeout: Duration = .seconds(2)

    package init(url: String) throws(RedisError) {
        if let path = url.removing(prefix: "unix://") {
            guard path.hasPrefix("/") else { throw Self.malformed }
            self.init(address: .socket(path: String(path)), user: "", password: "", database: 0)
            return
        }
        guard let rest = url.removing(prefix: "redis://") else { throw Self.malformed }
        let authority = rest.prefix { $0 != "/" }
        let database = rest.dropFirst(authority.count + 1)
        guard let number = database.isEmpty ? 0 : Int(database), number >= 0 else { throw Self.malformed }
        let credentials = authority.lastIndex(of: "@").map { authority[..<$0] } ?? ""
        let place = credentials.isEmpty ? authority : authority.dropFirst(credentials.count + 1)
        let user = credentials.prefix { $0 != ":" }
        let password = credentials.dropFirst(user.count + 1)
        guard let host = place.split(separator: ":", omittingEmptySubsequences: false).first, !host.isEmpty else {
            throw Self.malformed
        }
        let digits = place.dropFirst(host.count + 1)
        guard let port = digits.isEmpty ? Self.defaultPort : Int32(digits), (1...65_535).contains(port) else {
            throw Self.malformed
        }
        guard let plainUser = Self.decoded(user), let plainPassword = Self.decoded(password) else {
            throw Self.malformed
        }
        self.init(
            address: .host(String(host), port: port), user: plainUser, password: plainPassword, database: number)
    }

    private init(address: Address, user: String, password: String, database: Int) {
        self.address = address
        self.user = user
        self.password = password
        self.database = database
    }

    /// Without user and password.
    package var description: String {
        switch address {
        case .socket(let path): "unix://\(path)"
        case .host(let host, let port): "redis://\(host):\(port)/\(database)"
        }
    }
    package var customMirror: Mirror { Mirror(self, children: []) }

    private static let malformed = RedisError(
        .configuration, "the address must be unix:///path or redis://[[user]:password@]host[:port][/database]")

    /// Percent-decoding (RFC 3986, 2.1).
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(code)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension String {
    fileprivate func removing(prefix: String) -> Substring? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}
