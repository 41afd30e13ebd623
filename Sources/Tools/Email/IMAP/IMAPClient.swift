import FoundationEssentials

/// Speaks IMAP4rev1 and rev2 (RFC 3501, RFC 9051) over a transport. Calls block and belong to one thread.
package final class IMAPClient {
    /// One command and its answer, where the caller's deadline leaves that much.
    package static let commandTimeout: Duration = .seconds(60)
    /// Wait for the answer to DONE: a connection that stays silent then is half open.
    private static let doneTimeout: Duration = .seconds(20)
    /// One IDLE. RFC 2177 says under 29 minutes; address translators forget sooner.
    package static let idleRenewal: Duration = .seconds(9 * 60)
    /// Untagged responses read for one command; a server that sends more is not sane.
    private static let maximumResponses = 500_000

    private let transport: any IMAPTransport
    private let deadline: ContinuousClock.Instant
    private var framer: IMAPFramer
    private var counter = 0
    private var capabilities: Set<String> = []
    /// New mail announced during another command: IDLE will not tell it again.
    private var hasUnseenNews = false

    /// Reads the greeting. Every later call ends by `deadline`.
    package init(
        over transport: any IMAPTransport, deadline: ContinuousClock.Instant,
        limits: IMAPFramer.Limits = IMAPFramer.Limits()
    ) throws(IMAPError) {
        self.transport = transport
        self.deadline = deadline
        framer = IMAPFramer(limits: limits)
        guard case .status(let greeting) = try response() else {
            throw IMAPError(.protocolViolation, "The server's first line is no greeting.")
        }
        guard greeting.status == .ok || greeting.status == .preauthenticated else {
            throw IMAPError(.unreachable, "The server turned the connection away: \(greeting.text.prefix(200))")
        }
        note(greeting)
        if capabilities.isEmpty { try run("CAPABILITY") }
    }

    package func has(_ capability: String) -> Bool { capabilities.contains(capability) }

    /// AUTHENTICATE PLAIN (RFC 4616) where offered, else LOGIN.
    package func login(username: String, password: String) throws(IMAPError) {
        do throws(IMAPError) {
            if has("AUTH=PLAIN") {
                let token = Data([0] + Array(username.utf8) + [0] + Array(password.utf8)).base64EncodedString()
                try run("AUTHENTICATE PLAIN", continuing: [Array("\(token)\r\n".utf8)])
            } else if has("LOGINDISABLED") {
                throw IMAPError(.authenticationFailed, "The server allows no login on this connection.")
            } else {
                try run(["LOGIN ", .argument(username), " ", .argument(password)])
            }
        } catch  where error.code == .refused {
            throw IMAPError(
                .authenticationFailed, "The server refused the login: \(error.message)",
                responseCode: error.responseCode)
        }
        capabilities = []
        try run("CAPABILITY")
    }

    package struct Selected: Sendable, Hashable {
        package var exists: UInt32 = 0
        package var uidValidity: UInt32 = 0
        package var uidNext: UInt32?
    }

    /// EXAMINE where `readOnly`, else SELECT.
    package func select(_ mailbox: String, readOnly: Bool) throws(IMAPError) -> Selected {
        var selected = Selected()
        try run([.text(readOnly ? "EXAMINE " : "SELECT "), .mailbox(mailbox)]) { response in
            switch response {
            case .exists(let count): selected.exists = count
            case .status(let status) where status.code == "UIDVALIDITY":
                selected.uidValidity = status.arguments.first?.number ?? 0
            case .status(let status) where status.code == "UIDNEXT": selected.uidNext = status.arguments.first?.number
            default: break
            }
        }
        hasUnseenNews = false
        guard selected.uidValidity != 0 else {
            throw IMAPError(.protocolViolation, "The server gives no UIDVALIDITY for '\(mailbox)'.")
        }
        return selected
    }

    /// UIDs from `first` on, ascending. A server answers `n:*` with the last message even below n: left out here.
    package func uids(from first: UInt32) throws(IMAPError) -> [UInt32] {
        try search("UID \(max(first, 1)):*").filter { $0 >= first }
    }

    /// UIDs of messages whose field holds `value`.
    package func uids(whereField field: String, contains value: String) throws(IMAPError) -> [UInt32] {
        try search([.text("HEADER "), .argument(field), " ", .argument(value)])
    }

    private func search(_ criteria: String) throws(IMAPError) -> [UInt32] { try search([.text(criteria)]) }

    private func search(_ criteria: [IMAPCommandPart]) throws(IMAPError) -> [UInt32] {
        var found: Set<UInt32> = []
        hasUnseenNews = false
        try run(["UID SEARCH "] + criteria) { response in
            if case .search(let uids) = response { found.formUnion(uids) }
        }
        return found.sorted()
    }

    /// Fetches `items` of the messages, each handed over as it comes. `items` is IMAP text of this program.
    package func fetch(_ uids: [UInt32], _ items: String, each: (IMAPFetch) -> Void) throws(IMAPError) {
        guard !uids.isEmpty else { return }
        try run([.text("UID FETCH \(Self.set(uids)) (\(items))")]) { response in
            if case .fetch(let message) = response { each(message) }
        }
    }

    /// The whole message without marking it as seen, or nil where it is gone.
    package func message(_ uid: UInt32) throws(IMAPError) -> [UInt8]? {
        var bytes: [UInt8]?
        try fetch([uid], "UID BODY.PEEK[]") { message in
            if message.uid == uid, let body = message.sections["BODY[]"] { bytes = body }
        }
        return bytes
    }

    package func addFlags(_ flags: [String], to uids: [UInt32]) throws(IMAPError) {
        guard !uids.isEmpty else { return }
        try run([.text("UID STORE \(Self.set(uids)) +FLAGS.SILENT (\(flags.joined(separator: " ")))")])
    }

    package func create(_ mailbox: String) throws(IMAPError) { try run(["CREATE ", .mailbox(mailbox)]) }

    /// Stores a message. Answers its place where the server tells it (APPENDUID, RFC 4315).
    @discardableResult
    package func append(_ message: [UInt8], to mailbox: String, flags: [String]) throws(IMAPError)
        -> (uidValidity: UInt32, uid: UInt32)?
    {
        let status = try run([
            "APPEND ", .mailbox(mailbox), .text(" (\(flags.joined(separator: " "))) "), .literal(message),
        ])
        guard status.code == "APPENDUID", status.arguments.count == 2, let validity = status.arguments[0].number,
            let uid = status.arguments[1].number
        else { return nil }
        return (validity, uid)
    }

    package func noop() throws(IMAPError) { try run("NOOP") }

    /// Says goodbye and closes; a connection that is gone already is no error.
    package func logout() {
        _ = try? run("LOGOUT")  // the work is done; the close below is what matters
        transport.close()
    }

    /// Waits in IDLE (RFC 2177) until something changes in the selected mailbox or `end` passes; true for a change.
    /// Ends by itself after `idleRenewal`, so that the caller polls and starts anew; without IDLE it only waits
    /// `pollInterval`. Throws `timedOut` where DONE stays unanswered: the connection is half open.
    package func idle(
        until end: ContinuousClock.Instant, renewal: Duration = IMAPClient.idleRenewal,
        doneTimeout: Duration = IMAPClient.doneTimeout, pollInterval: Duration = .seconds(15)
    ) throws(IMAPError) -> Bool {
        // A server may announce mail in the answer to the very SEARCH that did not count it yet.
        if hasUnseenNews { return true }
        guard has("IDLE") else { return try pause(until: min(end, ContinuousClock.now + pollInterval, deadline)) }
        let tag = nextTag()
        try transport.send(Array("\(tag) IDLE\r\n".utf8), before: limit(Self.commandTimeout))
        var changed = false
        let started = limit(Self.commandTimeout)
        opening: while true {
            guard let response = try responseOrNil(before: started) else {
                throw IMAPError(.timedOut, "The server did not answer IDLE.")
            }
            switch response {
            case .continuation: break opening
            case .tagged(tag, let status): throw refusal(status)
            default: changed = changed || Self.isChange(response)
            }
        }
        let stop = min(end, ContinuousClock.now + renewal, deadline)
        while !changed, let response = try responseOrNil(before: stop) {
            changed = Self.isChange(response)
        }
        try transport.send(Array("DONE\r\n".utf8), before: ContinuousClock.now + doneTimeout)
        let answerBy = ContinuousClock.now + doneTimeout
        while true {
            guard let response = try responseOrNil(before: answerBy) else {
                throw IMAPError(.timedOut, "The server fell silent in IDLE.")
            }
            if case .tagged(tag, let status) = response {
                guard status.status == .ok else { throw refusal(status) }
                return changed
            }
            changed = changed || Self.isChange(response)
        }
    }

    private func pause(until end: ContinuousClock.Instant) throws(IMAPError) -> Bool {
        while let response = try responseOrNil(before: end) {
            if Self.isChange(response) { return true }
        }
        return false
    }

    private static func isChange(_ response: IMAPResponse) -> Bool {
        switch response {
        case .exists, .expunged, .fetch: true
        default: false
        }
    }
}

extension IMAPClient {
    @discardableResult
    private func run(_ command: String, continuing lines: [[UInt8]] = []) throws(IMAPError) -> IMAPStatusResponse {
        try run([.text(command)], continuing: lines)
    }

    /// Sends a command, hands untagged responses to `each`, and returns its OK; throws `refused` for NO and BAD.
    @discardableResult
    private func run(
        _ command: [IMAPCommandPart], continuing lines: [[UInt8]] = [], each: (IMAPResponse) -> Void = { _ in }
    ) throws(IMAPError) -> IMAPStatusResponse {
        let tag = nextTag()
        var chunks = try IMAPCommandPart.chunks(command, tag: tag)[...]
        chunks += lines
        if let first = chunks.popFirst() { try transport.send(first, before: limit(Self.commandTimeout)) }
        for _ in 0..<Self.maximumResponses {
            let response = try response()
            switch response {
            case .continuation:
                guard let next = chunks.popFirst() else {
                    throw IMAPError(.protocolViolation, "The server asks for more than the command has.")
                }
                try transport.send(next, before: deadline)
            case .tagged(tag, let status):
                note(status)
                guard status.status == .ok else { throw refusal(status) }
                return status
            case .tagged: throw IMAPError(.protocolViolation, "The server answers a command that was not sent.")
            case .status(let status) where status.status == .bye && !command.isLogout:
                throw IMAPError(.closed, "The server says goodbye: \(status.text.prefix(200))")
            case .status(let status):
                note(status)
                each(response)
            case .capabilities(let list): capabilities = Set(list)
            case .exists:
                hasUnseenNews = true
                each(response)
            default: each(response)
            }
        }
        throw IMAPError(.protocolViolation, "The server sends without end.")
    }

    private func refusal(_ status: IMAPStatusResponse) -> IMAPError {
        IMAPError(.refused, "\(status.status.rawValue) \(status.text.prefix(300))", responseCode: status.code)
    }

    private func note(_ status: IMAPStatusResponse) {
        if status.code == "CAPABILITY" { capabilities = Set(status.arguments.compactMap { $0.text?.uppercased() }) }
    }

    private func nextTag() -> String {
        counter += 1
        return "P\(counter)"
    }

    private func limit(_ duration: Duration) -> ContinuousClock.Instant {
        min(deadline, ContinuousClock.now + duration)
    }

    /// The next response; the time-out counts from the last byte, since a large message takes long in all.
    private func response() throws(IMAPError) -> IMAPResponse {
        while true {
            if let frame = try framer.next() { return try IMAPResponse(frame) }
            guard let bytes = try transport.receive(before: limit(Self.commandTimeout)) else {
                throw IMAPError(.timedOut, "The server did not answer in time.")
            }
            framer.append(bytes)
        }
    }

    private func responseOrNil(before limit: ContinuousClock.Instant) throws(IMAPError) -> IMAPResponse? {
        while true {
            if let frame = try framer.next() { return try IMAPResponse(frame) }
            guard let bytes = try transport.receive(before: limit) else { return nil }
            framer.append(bytes)
        }
    }

    /// `1:3,7` for sorted or unsorted UIDs.
    static func set(_ uids: [UInt32]) -> String {
        var parts: [String] = []
        var range: (UInt32, UInt32)?
        func flush() {
            if let (first, last) = range { parts.append(first == last ? "\(first)" : "\(first):\(last)") }
        }
        for uid in uids.sorted() {
            if let (first, last) = range, uid == last || last < .max && uid == last + 1 {
                range = (first, uid)
            } else {
                flush()
                range = (uid, uid)
            }
        }
        flush()
        return parts.joined(separator: ",")
    }
}
