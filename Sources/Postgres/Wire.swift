import CLibPQ
import Glibc

/// One libpq connection, used from one thread only. Calls block that thread, never longer than their time limit.
///
/// The connection stays in pipeline mode: a statement that is not yet prepared costs no extra round trip.
final class Wire {
    /// Statements prepared on one connection. More than these are sent unprepared; SQL is constant, so a program
    /// that reaches this builds its SQL from strings.
    static let preparedLimit = 500
    /// Time for the server to answer a cancelled statement before the connection is given up.
    static let cancellationGrace = Duration.seconds(5)
    /// Time for a connection to prove that it is alive.
    static let probeLimit = Duration.seconds(5)

    private let connection: OpaquePointer
    private let wake: WakePipe
    private var prepared: [PreparedKey: Prepared] = [:]
    private var preparedCount = 0
    private(set) var isBroken = false

    struct Sent {
        var key: PreparedKey?
        /// Index of the statement that this command serves.
        var statement: Int
        var isPreparation: Bool
    }

    struct PreparedKey: Hashable {
        let sql: String
        let types: [UInt32]
    }

    final class Prepared {
        let name: String
        var columns: Columns?
        init(name: String) { self.name = name }
    }

    /// What became of each statement, in order; a statement after a failed one has none.
    struct Exchange {
        var results: [PostgresResult?]
        var failure: PostgresError?
    }

    init(_ configuration: PostgresConfiguration, wake: WakePipe) throws(PostgresError) {
        self.wake = wake
        connection = try Self.open(configuration)
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
    }

    deinit { PQfinish(connection) }

    var socket: Int32 { PQsocket(connection) }
    var isIdle: Bool { PQtransactionStatus(connection) == PQTRANS_IDLE }
    var isInTransaction: Bool {
        let status = PQtransactionStatus(connection)
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR
    }

    /// Whether the server still holds its end. A silent socket answers without a round trip; bytes that nobody asked
    /// for may be a notice or the server's farewell, and only a question tells.
    func isAlive() -> Bool {
        if isBroken { return false }
        guard Readiness.wait(socket: socket, writing: false, wake: nil, until: .now).contains(.socket) else {
            return true
        }
        do throws(PostgresError) {
            return try exchange([PostgresStatement("SELECT 1")], limit: Self.probeLimit, cancellable: false).failure
                == nil
        } catch {
            isBroken = true
            return false
        }
    }

    // MARK: - Statements

    /// Sends all statements and one sync, and reads all answers.
    ///
    /// Throws only if the connection is lost or a statement cannot be sent; the server's refusals are in the answer.
    func exchange(
        _ statements: [PostgresStatement], limit: Duration, cancellable: Bool
    ) throws(PostgresError) -> Exchange {
        guard !isBroken else { throw PostgresError(.connectionLost, "the connection is already broken") }
        let encoded = try encode(statements)
        if PQpipelineStatus(connection) == PQ_PIPELINE_OFF { PQenterPipelineMode(connection) }
        var sent: [Sent] = []
        var fresh: [PreparedKey: Prepared] = [:]
        for (index, statement) in statements.enumerated() {
            try send(statement, encoded[index], index, &sent, &fresh)
        }
        guard PQpipelineSync(connection) == 1 else { throw lost() }
        var reader = Reader(limit: .now + limit, cancellable: cancellable)
        try flush(&reader)
        return try receive(sent, statements: statements.count, fresh: fresh, &reader)
    }

    /// Runs SQL text of several statements without parameters by the simple protocol.
    func script(_ sql: String, limit: Duration) throws(PostgresError) {
        guard !isBroken else { throw PostgresError(.connectionLost, "the connection is already broken") }
        if PQpipelineStatus(connection) == PQ_PIPELINE_ON { PQexitPipelineMode(connection) }
        guard PQsendQuery(connection, sql) == 1 else { throw lost() }
        var reader = Reader(limit: .now + limit, cancellable: true)
        try flush(&reader)
        var failure: PostgresError?
        while let result = try next(&reader) {
            if PQresultStatus(result) == PGRES_FATAL_ERROR { failure = failure ?? serverError(result) }
            PQclear(result)
        }
        if let failure { throw reader.explain(failure) }
    }

    /// Forgets prepared statements, which the server refused as stale.
    func forgetPrepared() { prepared.removeAll() }

    private func encode(_ statements: [PostgresStatement]) throws(PostgresError) -> [EncodedParameters] {
        var encoded: [EncodedParameters] = []
        encoded.reserveCapacity(statements.count)
        for (index, statement) in statements.enumerated() {
            do throws(PostgresError) {
                guard !statement.sql.utf8.contains(0) else { throw PostgresError(.invalidParameter, "NUL in SQL text") }
                encoded.append(try EncodedParameters(statement.values))
            } catch {
                throw error.at(statement: index)
            }
        }
        return encoded
    }

    private func send(
        _ statement: PostgresStatement, _ parameters: EncodedParameters, _ index: Int, _ sent: inout [Sent],
        _ fresh: inout [PreparedKey: Prepared]
    ) throws(PostgresError) {
        let key = PreparedKey(sql: statement.sql, types: parameters.types)
        var entry = prepared[key] ?? fresh[key]
        if entry == nil, prepared.count + fresh.count < Self.preparedLimit {
            preparedCount += 1
            let new = Prepared(name: "s\(preparedCount)")
            let count = Int32(clamping: parameters.count)
            guard PQsendPrepare(connection, new.name, statement.sql, count, parameters.types) == 1 else {
                throw lost()
            }
            sent.append(Sent(key: key, statement: index, isPreparation: true))
            fresh[key] = new
            entry = new
        }
        let name = entry?.name
        let code = parameters.withPointers { pointers in
            let count = Int32(clamping: parameters.count)
            if let name {
                return PQsendQueryPrepared(
                    connection, name, count, pointers, parameters.lengths, parameters.formats, 1)
            }
            return PQsendQueryParams(
                connection, statement.sql, count, parameters.types, pointers, parameters.lengths, parameters.formats, 1)
        }
        guard code == 1 else { throw lost() }
        sent.append(Sent(key: name == nil ? nil : key, statement: index, isPreparation: false))
    }

    private func receive(
        _ sent: [Sent], statements: Int, fresh: [PreparedKey: Prepared], _ reader: inout Reader
    ) throws(PostgresError) -> Exchange {
        var answer = Exchange(results: Array(repeating: nil, count: statements))
        var position = 0
        while true {
            guard let result = try nextOrLost(&reader, answer.failure) else {
                position += 1
                continue
            }
            defer { PQclear(result) }
            let status = PQresultStatus(result)
            if status == PGRES_PIPELINE_SYNC { break }
            let command = position < sent.count ? sent[position] : nil
            if status == PGRES_FATAL_ERROR {
                let error = reader.explain(serverError(result))
                answer.failure = answer.failure ?? error.at(statement: command?.statement)
            } else if let command, status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK {
                let entry = command.key.flatMap { prepared[$0] ?? fresh[$0] }
                if command.isPreparation {
                    if let key = command.key { prepared[key] = entry }
                } else {
                    answer.results[command.statement] = ResultReader.read(result, entry)
                }
            }
        }
        return answer
    }

    private func nextOrLost(
        _ reader: inout Reader, _ failure: PostgresError?
    ) throws(PostgresError) -> OpaquePointer? {
        do throws(PostgresError) {
            return try next(&reader)
        } catch {
            guard let failure, error.code == .connectionLost else { throw error }
            throw failure.with(code: .connectionLost, message: "connection lost: \(failure.message)")
        }
    }

    // MARK: - Waiting

    /// The time limit and the state of cancellation of one exchange.
    struct Reader {
        var limit: ContinuousClock.Instant
        let cancellable: Bool
        var cancellation: Cancellation?

        enum Cancellation { case byTask, byLimit }

        /// A statement that we cancelled fails with 57014: say why.
        func explain(_ error: PostgresError) -> PostgresError {
            guard error.sqlstate == "57014", let cancellation else { return error }
            return switch cancellation {
            case .byTask: error.with(code: .server, message: "cancelled by the caller")
            case .byLimit: error.with(code: .timedOut, message: "the statement exceeded its time limit")
            }
        }
    }

    private func flush(_ reader: inout Reader) throws(PostgresError) {
        while true {
            let code = PQflush(connection)
            if code == 0 { return }
            if code < 0 { throw lost() }
            try wait(&reader, writing: true)
        }
    }

    /// The next result, or nil at the end of a command's results. The caller clears it.
    private func next(_ reader: inout Reader) throws(PostgresError) -> OpaquePointer? {
        while PQisBusy(connection) == 1 { try wait(&reader, writing: false) }
        if let result = PQgetResult(connection) { return result }
        if PQstatus(connection) == CONNECTION_BAD { throw lost() }
        return nil
    }

    private func wait(_ reader: inout Reader, writing: Bool) throws(PostgresError) {
        let ready = Readiness.wait(
            socket: socket, writing: writing, wake: reader.cancellable ? wake : nil, until: reader.limit)
        if ready.contains(.wake) {
            wake.drain()
            if Task.isCancelled, reader.cancellation == nil { cancel(&reader, .byTask) }
        }
        if ready.contains(.socket) {
            guard PQconsumeInput(connection) == 1 else { throw lost() }
        } else if ready.isEmpty {
            guard reader.cancellation == nil else {
                isBroken = true
                throw PostgresError(.connectionLost, "the server did not answer within its time limit")
            }
            cancel(&reader, .byLimit)
        }
    }

    /// Runs on the connection's own thread and returns after the server has signalled the backend, so the request
    /// cannot hit a later statement.
    private func cancel(_ reader: inout Reader, _ reason: Reader.Cancellation) {
        reader.cancellation = reason
        reader.limit = .now + Self.cancellationGrace
        guard let request = PQgetCancel(connection) else { return }
        var message = [CChar](repeating: 0, count: 256)
        _ = PQcancel(request, &message, Int32(message.count))
        PQfreeCancel(request)
    }

    // MARK: - Notifications

    /// Notifications that have arrived; reads what the socket holds.
    func notifications() throws(PostgresError) -> [(channel: String, payload: String)] {
        guard PQconsumeInput(connection) == 1 else { throw lost() }
        var list: [(channel: String, payload: String)] = []
        while let notification = PQnotifies(connection) {
            list.append(
                (String(cString: notification.pointee.relname), String(cString: notification.pointee.extra)))
            PQfreemem(notification)
        }
        return list
    }

    // MARK: - Errors

    private func lost() -> PostgresError {
        isBroken = true
        return PostgresError(.connectionLost, Self.message(connection))
    }

    private func serverError(_ result: OpaquePointer) -> PostgresError {
        func field(_ code: Int32) -> String? { PQresultErrorField(result, code).map { String(cString: $0) } }
        guard let state = field(persona_pg_diag_sqlstate) else { return lost() }
        return PostgresError(
            .server, field(persona_pg_diag_message_primary) ?? "error without a message", sqlstate: state,
            detail: field(persona_pg_diag_message_detail), constraint: field(persona_pg_diag_constraint_name),
            table: field(persona_pg_diag_table_name))
    }

    private static func message(_ connection: OpaquePointer) -> String {
        let text = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
        let lines = text.split(whereSeparator: \.isNewline).map { line in
            line.drop { $0 == " " || $0 == "\t" }
        }
        return lines.isEmpty ? "the connection broke" : lines.joined(separator: "; ")
    }

    // MARK: - Opening

    private static func open(_ configuration: PostgresConfiguration) throws(PostgresError) -> OpaquePointer {
        guard let connection = start(configuration) else {
            throw PostgresError(.connectionFailed, "out of memory")
        }
        do throws(PostgresError) {
            try complete(connection, limit: .now + configuration.connectTimeout)
            guard PQsetnonblocking(connection, 1) == 0 else {
                throw PostgresError(.connectionFailed, message(connection))
            }
            return connection
        } catch {
            PQfinish(connection)
            throw error
        }
    }

    private static func start(_ configuration: PostgresConfiguration) -> OpaquePointer? {
        /// The DSN stands after what it may override.
        let options = [
            ("application_name", configuration.applicationName), ("keepalives_idle", "30"),
            ("keepalives_interval", "10"), ("keepalives_count", "3"), ("tcp_user_timeout", "30000"),
            ("dbname", configuration.dsn.reveal()), ("client_encoding", "UTF8"),
        ]
        let keys = options.map { strdup($0.0) }
        let values = options.map { strdup($0.1) }
        defer { for text in keys + values { free(text) } }
        return PQconnectStartParams(
            keys.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 1)
    }

    private static func complete(
        _ connection: OpaquePointer, limit: ContinuousClock.Instant
    ) throws(PostgresError) {
        guard PQstatus(connection) != CONNECTION_BAD else {
            throw PostgresError(.connectionFailed, message(connection))
        }
        var status = PGRES_POLLING_WRITING
        while status != PGRES_POLLING_OK {
            if status == PGRES_POLLING_FAILED {
                let sqlstate = message(connection).contains("too many clients") ? "53300" : nil
                throw PostgresError(.connectionFailed, message(connection), sqlstate: sqlstate)
            }
            let ready = Readiness.wait(
                socket: PQsocket(connection), writing: status == PGRES_POLLING_WRITING, wake: nil, until: limit)
            guard !ready.isEmpty else {
                throw PostgresError(.connectionFailed, "the server did not accept the connection in time")
            }
            status = PQconnectPoll(connection)
        }
    }
}
