import CCurl
import Glibc

/// Submits one message (RFC 6409) by libcurl. Calls block: use them on a thread of its own.
package struct SMTPSubmission {
    /// Name, proxy, TCP and TLS together, in milliseconds.
    private static let connectMilliseconds = 30_000

    package var endpoint: SMTPEndpoint
    package var credential: SMTPCredential
    package var sender: String
    package var recipients: [String]
    /// RFC 5322 bytes with CRLF lines; dots are stuffed on the way.
    package var content: [UInt8]
    /// After it the transfer is given up.
    package var deadline: ContinuousClock.Instant

    package init(
        endpoint: SMTPEndpoint, credential: SMTPCredential, sender: String, recipients: [String], content: [UInt8],
        deadline: ContinuousClock.Instant
    ) {
        self.endpoint = endpoint
        self.credential = credential
        self.sender = sender
        self.recipients = recipients
        self.content = content
        self.deadline = deadline
    }

    /// Sends. `beforeContent` runs on this thread between the server's 354 and the first byte of content; where it
    /// throws nothing is sent and its error is thrown here. `isCancelled` counts only before the content: afterwards
    /// an answer within the deadline is worth more than an early end.
    package func send(
        isCancelled: @escaping @Sendable () -> Bool = { false }, beforeContent: @escaping () throws -> Void
    ) throws -> SMTPOutcome {
        if let problem = problemWithArguments { return .failedBeforeContent(problem) }
        guard let handle = curl_easy_init() else {
            return .failedBeforeContent(SMTPProblem(isTransient: true, message: "libcurl could not start."))
        }
        let transfer = SMTPTransfer(
            content: content, recipients: recipients, isCancelled: isCancelled, beforeContent: beforeContent)
        var list: UnsafeMutablePointer<curl_slist>?
        for recipient in recipients { list = curl_slist_append(list, "<\(recipient)>") ?? list }
        defer {
            withExtendedLifetime(transfer) { curl_easy_cleanup(handle) }
            curl_slist_free_all(list)
        }
        configure(handle)
        authenticate(handle)
        _ = persona_curl_set_list(handle, CURLOPT_MAIL_RCPT, list)
        transfer.attach(to: handle)
        let code = curl_easy_perform(handle)
        // The answer is known: QUIT is still sent by the clean-up, but nobody waits for its reply.
        var socket = curl_socket_t(-1)
        if persona_curl_get_socket(handle, &socket) == CURLE_OK, socket >= 0 { shutdown(socket, Int32(SHUT_RD)) }
        if let error = transfer.refusal { throw error }
        return transfer.transcript.outcome(problem: code == CURLE_OK ? nil : problem(code, handle))
    }

    private var problemWithArguments: SMTPProblem? {
        func permanent(_ message: String) -> SMTPProblem { SMTPProblem(isTransient: false, message: message) }
        let hostBytes = endpoint.host.utf8
        guard !hostBytes.isEmpty, hostBytes.count <= 253, hostBytes.allSatisfy(Self.isHostByte),
            (1...65_535).contains(endpoint.port)
        else { return permanent("'\(endpoint.host):\(endpoint.port)' is no server address.") }
        guard !endpoint.clientName.isEmpty, endpoint.clientName.utf8.allSatisfy(Self.isHostByte) else {
            return permanent("'\(endpoint.clientName)' is no name for EHLO.")
        }
        if endpoint.security == .plain, !Self.isLoopback(endpoint.host) {
            return permanent("SMTP without TLS is refused: '\(endpoint.host)' is not this machine.")
        }
        guard !recipients.isEmpty else { return permanent("There is no recipient.") }
        for address in [sender] + recipients
        where !address.utf8.contains(UInt8(ascii: "@"))
            || address.utf8.contains(where: { $0 <= 32 || $0 >= 127 || $0 == 60 || $0 == 62 })
        {
            return permanent("'\(address)' is no address for an envelope.")
        }
        return nil
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || ".-_:".utf8.contains(byte)
    }

    /// `localhost`, `127.0.0.0/8`, `::1`.
    package static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private func configure(_ handle: UnsafeMutableRawPointer) {
        let host = endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host
        let scheme = endpoint.security == .tls ? "smtps" : "smtp"
        _ = persona_curl_set_string(handle, CURLOPT_URL, "\(scheme)://\(host):\(endpoint.port)/\(endpoint.clientName)")
        let useTLS = endpoint.security == .startTLS ? CURLUSESSL_ALL : CURLUSESSL_NONE
        _ = persona_curl_set_long(handle, CURLOPT_USE_SSL, Int(useTLS.rawValue))
        _ = persona_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        _ = persona_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, Self.connectMilliseconds)
        let left = Self.milliseconds(until: deadline)
        _ = persona_curl_set_long(handle, CURLOPT_TIMEOUT_MS, left)
        _ = persona_curl_set_long(handle, CURLOPT_SERVER_RESPONSE_TIMEOUT, (left + 999) / 1_000)
        // Set always, so that the environment's proxy settings have no say.
        _ = persona_curl_set_string(handle, CURLOPT_PROXY, endpoint.proxy.map { "http://\($0)" } ?? "")
        _ = persona_curl_set_string(handle, CURLOPT_NOPROXY, "")
        _ = persona_curl_set_long(handle, CURLOPT_HTTPPROXYTUNNEL, endpoint.proxy == nil ? 0 : 1)
        _ = persona_curl_set_long(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if var authority = endpoint.certificateAuthority.map({ Array($0.utf8) }), !authority.isEmpty {
            let size = authority.count
            authority.withUnsafeMutableBytes { bytes in
                var blob = curl_blob(data: bytes.baseAddress, len: size, flags: UInt32(CURL_BLOB_COPY))
                _ = persona_curl_set_pointer(handle, CURLOPT_CAINFO_BLOB, &blob)
            }
        }
        _ = persona_curl_set_string(handle, CURLOPT_MAIL_FROM, "<\(sender)>")
        _ = persona_curl_set_long(handle, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1)
        _ = persona_curl_set_long(handle, CURLOPT_UPLOAD, 1)
        _ = persona_curl_set_offset(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(content.count))
    }

    private func authenticate(_ handle: UnsafeMutableRawPointer) {
        switch credential {
        case .none: break
        case .password(let username, let password):
            _ = persona_curl_set_string(handle, CURLOPT_USERNAME, username)
            _ = persona_curl_set_string(handle, CURLOPT_PASSWORD, password)
        case .bearer(let username, let token):
            _ = persona_curl_set_string(handle, CURLOPT_USERNAME, username)
            _ = persona_curl_set_string(handle, CURLOPT_XOAUTH2_BEARER, token)
        }
    }

    private func problem(_ code: CURLcode, _ handle: UnsafeMutableRawPointer) -> SMTPProblem {
        let server = "\(endpoint.host):\(endpoint.port)"
        let words = String(cString: curl_easy_strerror(code))
        var answer = 0
        _ = persona_curl_get_long(handle, CURLINFO_HTTP_CONNECTCODE, &answer)
        if answer == 403 || answer == 407 {
            return SMTPProblem(isTransient: false, message: "The egress proxy does not allow \(server) (\(answer)).")
        }
        switch code {
        case CURLE_OPERATION_TIMEDOUT:
            return SMTPProblem(isTransient: true, message: "\(server) did not answer in time")
        case CURLE_ABORTED_BY_CALLBACK: return SMTPProblem(isTransient: true, message: "the call was cancelled")
        case CURLE_USE_SSL_FAILED:
            return SMTPProblem(isTransient: false, message: "\(server) offers no STARTTLS, which this mailbox requires")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM:
            return SMTPProblem(isTransient: false, message: "the certificate of \(server) does not verify: \(words)")
        case CURLE_WRITE_ERROR:
            return SMTPProblem(isTransient: true, message: "\(server) sends a reply without end")
        default: return SMTPProblem(isTransient: true, message: "\(server): \(words)")
        }
    }

    private static func milliseconds(until deadline: ContinuousClock.Instant) -> Int {
        let left = ContinuousClock.now.duration(to: deadline)
        // 0 would mean no limit to libcurl.
        guard left > .zero else { return 1 }
        let (seconds, attoseconds) = left.components
        return Int(min(seconds, 86_400)) * 1_000 + Int(attoseconds / 1_000_000_000_000_000) + 1
    }
}

/// The far side of libcurl's callbacks. Used by the one thread that performs the transfer.
private final class SMTPTransfer {
    private let content: [UInt8]
    private let isCancelled: @Sendable () -> Bool
    private let beforeContent: () throws -> Void
    private var offset = 0
    private(set) var transcript: SMTPTranscript
    /// What `beforeContent` threw.
    private(set) var refusal: (any Error)?

    init(
        content: [UInt8], recipients: [String], isCancelled: @escaping @Sendable () -> Bool,
        beforeContent: @escaping () throws -> Void
    ) {
        self.content = content
        self.isCancelled = isCancelled
        self.beforeContent = beforeContent
        transcript = SMTPTranscript(recipients: recipients)
    }

    func attach(to handle: UnsafeMutableRawPointer) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = persona_curl_set_pointer(handle, CURLOPT_READDATA, context)
        _ = persona_curl_set_data_callback(handle, CURLOPT_READFUNCTION) { buffer, size, count, context in
            guard let buffer, let transfer = SMTPTransfer.from(context) else { return Int(CURL_READFUNC_ABORT) }
            return transfer.read(into: buffer, room: size &* count)
        }
        _ = persona_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        _ = persona_curl_set_data_callback(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let bytes, let transfer = SMTPTransfer.from(context) else { return 0 }
            let line = UnsafeRawBufferPointer(start: bytes, count: size &* count)
            return transfer.transcript.received(line) ? size &* count : 0
        }
        _ = persona_curl_set_long(handle, CURLOPT_VERBOSE, 1)
        _ = persona_curl_set_pointer(handle, CURLOPT_DEBUGDATA, context)
        _ = persona_curl_set_debug_callback(handle) { _, kind, bytes, count, context in
            guard kind == CURLINFO_HEADER_OUT, let bytes, let transfer = SMTPTransfer.from(context) else { return 0 }
            transfer.transcript.sent(UnsafeRawBufferPointer(start: bytes, count: count))
            return 0
        }
        _ = persona_curl_set_long(handle, CURLOPT_NOPROGRESS, 0)
        _ = persona_curl_set_pointer(handle, CURLOPT_XFERINFODATA, context)
        _ = persona_curl_set_progress_callback(handle) { context, _, _, _, _ in
            guard let transfer = SMTPTransfer.from(context) else { return 1 }
            return !transfer.transcript.contentStarted && transfer.isCancelled() ? 1 : 0
        }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> SMTPTransfer? {
        context.map { Unmanaged<SMTPTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private func read(into buffer: UnsafeMutablePointer<CChar>, room: Int) -> Int {
        if !transcript.contentStarted {
            do {
                try beforeContent()
            } catch {
                refusal = error
                return Int(CURL_READFUNC_ABORT)
            }
            transcript.contentBegins()
        }
        let count = min(room, content.count - offset)
        guard count > 0 else { return 0 }
        content.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { memcpy(buffer, base + offset, count) }
        }
        offset += count
        return count
    }
}
