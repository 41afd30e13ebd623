import CCurl
import Glibc

/// Where an IMAP server is and how it is reached.
package struct IMAPEndpoint: Sendable {
    package var host: String
    package var port: Int
    /// TLS from the first byte (RFC 8314); without it the host must be a loopback address.
    package var usesTLS: Bool
    /// `host:port` of an HTTP proxy that tunnels by CONNECT.
    package var proxy: String?
    /// Further authorities as PEM, instead of the system's bundle.
    package var certificateAuthority: String?

    package init(
        host: String, port: Int, usesTLS: Bool = true, proxy: String? = nil, certificateAuthority: String? = nil
    ) {
        self.host = host
        self.port = port
        self.usesTLS = usesTLS
        self.proxy = proxy
        self.certificateAuthority = certificateAuthority
    }
}

/// A verified TLS stream, or a plain one on loopback, made by libcurl's `CURLOPT_CONNECT_ONLY` (its own IMAP can
/// neither wait in IDLE nor read without marking). Owned by one thread.
package final class CurlTransport: IMAPTransport {
    /// Time for name, proxy, TCP and TLS together, in milliseconds.
    private static let connectMilliseconds = 30_000
    /// How often a wait looks whether it was cancelled, in milliseconds.
    private static let waitSlice: Int64 = 250
    private static let chunkBytes = 64 * 1024

    private var handle: UnsafeMutableRawPointer?
    private let descriptor: Int32
    private let watch: CancellationWatch
    private var chunk = [UInt8](repeating: 0, count: CurlTransport.chunkBytes)

    /// Connects. `isCancelled` is asked about four times a second while a call waits.
    package init(
        _ endpoint: IMAPEndpoint, before deadline: ContinuousClock.Instant,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(IMAPError) {
        guard Self.isHost(endpoint.host), (1...65_535).contains(endpoint.port) else {
            throw IMAPError(.invalidArgument, "'\(endpoint.host):\(endpoint.port)' is no server address.")
        }
        guard endpoint.usesTLS || Self.isLoopback(endpoint.host) else {
            throw IMAPError(.invalidArgument, "IMAP without TLS is refused: '\(endpoint.host)' is not this machine.")
        }
        guard let handle = curl_easy_init() else { throw IMAPError(.unreachable, "libcurl could not start.") }
        watch = CancellationWatch(isCancelled)
        do throws(IMAPError) {
            descriptor = try Self.connect(handle, endpoint, watch: watch, before: deadline)
        } catch {
            curl_easy_cleanup(handle)
            throw error
        }
        self.handle = handle
    }

    deinit { close() }

    package func close() {
        if let handle { curl_easy_cleanup(handle) }
        handle = nil
    }

    /// `localhost`, `127.0.0.0/8`, `::1`.
    package static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    static func isHost(_ host: String) -> Bool {
        !host.isEmpty && host.utf8.count <= 253
            && host.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || ".-_:".utf8.contains(byte)
            }
    }

    private static func connect(
        _ handle: UnsafeMutableRawPointer, _ endpoint: IMAPEndpoint, watch: CancellationWatch,
        before deadline: ContinuousClock.Instant
    ) throws(IMAPError) -> Int32 {
        let left = milliseconds(until: deadline)
        guard left > 0 else { throw IMAPError(.timedOut, "No time was left to connect.") }
        let host = endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host
        _ = persona_curl_set_string(
            handle, CURLOPT_URL, "\(endpoint.usesTLS ? "https" : "http")://\(host):\(endpoint.port)/")
        _ = persona_curl_set_long(handle, CURLOPT_CONNECT_ONLY, 1)
        _ = persona_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        _ = persona_curl_set_long(handle, CURLOPT_SSL_ENABLE_ALPN, 0)
        _ = persona_curl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1)
        _ = persona_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, min(Int(left), connectMilliseconds))
        _ = persona_curl_set_long(handle, CURLOPT_TIMEOUT_MS, min(Int(left), connectMilliseconds))
        // Set always, so that the environment's proxy settings have no say.
        _ = persona_curl_set_string(handle, CURLOPT_PROXY, endpoint.proxy.map { "http://\($0)" } ?? "")
        _ = persona_curl_set_string(handle, CURLOPT_NOPROXY, "")
        _ = persona_curl_set_long(handle, CURLOPT_HTTPPROXYTUNNEL, endpoint.proxy == nil ? 0 : 1)
        if var authority = endpoint.certificateAuthority.map({ Array($0.utf8) }), !authority.isEmpty {
            let size = authority.count
            authority.withUnsafeMutableBytes { bytes in
                var blob = curl_blob(data: bytes.baseAddress, len: size, flags: UInt32(CURL_BLOB_COPY))
                _ = persona_curl_set_pointer(handle, CURLOPT_CAINFO_BLOB, &blob)
            }
        }
        _ = persona_curl_set_long(handle, CURLOPT_NOPROGRESS, 0)
        _ = persona_curl_set_pointer(handle, CURLOPT_XFERINFODATA, Unmanaged.passUnretained(watch).toOpaque())
        _ = persona_curl_set_progress_callback(handle) { context, _, _, _, _ in
            guard let context else { return 0 }
            return Unmanaged<CancellationWatch>.fromOpaque(context).takeUnretainedValue().isCancelled() ? 1 : 0
        }
        let code = curl_easy_perform(handle)
        guard code == CURLE_OK else { throw failure(code, handle, endpoint) }
        var socket = curl_socket_t(-1)
        let asked = persona_curl_get_socket(handle, &socket)
        guard asked == CURLE_OK, socket >= 0 else { throw IMAPError(.unreachable, "The connection was lost at once.") }
        return socket
    }

    private static func failure(_ code: CURLcode, _ handle: UnsafeMutableRawPointer, _ endpoint: IMAPEndpoint)
        -> IMAPError
    {
        let server = "\(endpoint.host):\(endpoint.port)"
        let words = String(cString: curl_easy_strerror(code))
        var answer = 0
        _ = persona_curl_get_long(handle, CURLINFO_HTTP_CONNECTCODE, &answer)
        if answer == 403 || answer == 407 {
            return IMAPError(.proxyRefused, "The egress proxy does not allow \(server) (\(answer)).")
        }
        switch code {
        case CURLE_OPERATION_TIMEDOUT: return IMAPError(.timedOut, "\(server) did not answer in time.")
        case CURLE_ABORTED_BY_CALLBACK: return IMAPError(.cancelled, "Connecting to \(server) was cancelled.")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM:
            return IMAPError(.untrusted, "The certificate of \(server) does not verify: \(words).")
        default: return IMAPError(.unreachable, "\(server) cannot be reached: \(words).")
        }
    }

    package func send(_ bytes: [UInt8], before deadline: ContinuousClock.Instant) throws(IMAPError) {
        var offset = 0
        while offset < bytes.count {
            guard let handle else { throw IMAPError(.closed, "The connection is closed.") }
            var sent = 0
            let code = bytes.withUnsafeBytes { buffer in
                curl_easy_send(handle, buffer.baseAddress?.advanced(by: offset), buffer.count - offset, &sent)
            }
            if code == CURLE_OK {
                offset += sent
            } else if code == CURLE_AGAIN {
                guard try wait(for: Int16(POLLOUT), before: deadline) else {
                    throw IMAPError(.timedOut, "The server did not take a command in time.")
                }
            } else {
                throw IMAPError(.closed, "The connection broke: \(String(cString: curl_easy_strerror(code))).")
            }
        }
    }

    package func receive(before deadline: ContinuousClock.Instant) throws(IMAPError) -> [UInt8]? {
        while true {
            guard let handle else { throw IMAPError(.closed, "The connection is closed.") }
            var received = 0
            // Read first: TLS may hold bytes that the socket no longer shows.
            let code = chunk.withUnsafeMutableBytes { curl_easy_recv(handle, $0.baseAddress, $0.count, &received) }
            if code == CURLE_OK {
                if received == 0 { throw IMAPError(.closed, "The server closed the connection.") }
                return Array(chunk[..<received])
            }
            guard code == CURLE_AGAIN else {
                throw IMAPError(.closed, "The connection broke: \(String(cString: curl_easy_strerror(code))).")
            }
            if try !wait(for: Int16(POLLIN), before: deadline) { return nil }
        }
    }

    /// False when the deadline passed.
    private func wait(for events: Int16, before deadline: ContinuousClock.Instant) throws(IMAPError) -> Bool {
        while true {
            if watch.isCancelled() { throw IMAPError(.cancelled, "The exchange was cancelled.") }
            let left = Self.milliseconds(until: deadline)
            guard left > 0 else { return false }
            var entry = pollfd(fd: descriptor, events: events, revents: 0)
            if poll(&entry, 1, Int32(min(left, Self.waitSlice))) > 0 { return true }
        }
    }

    private static func milliseconds(until deadline: ContinuousClock.Instant) -> Int64 {
        let left = ContinuousClock.now.duration(to: deadline)
        guard left > .zero else { return 0 }
        let (seconds, attoseconds) = left.components
        // A day is beyond any call here and keeps the product small.
        return min(seconds, 86_400) * 1_000 + attoseconds / 1_000_000_000_000_000 + 1
    }
}

/// Carries the closure through libcurl's context pointer.
private final class CancellationWatch: Sendable {
    let isCancelled: @Sendable () -> Bool

    init(_ isCancelled: @escaping @Sendable () -> Bool) { self.isCancelled = isCancelled }
}
