import CCurl

/// An easy handle set up for one exchange, with the memory that libcurl borrows meanwhile.
struct CurlTransfer {
    let easy: UnsafeMutableRawPointer
    let exchange: Exchange
    private let headers: UnsafeMutablePointer<curl_slist>?
    private let route: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>

    init(_ exchange: Exchange) throws(HTTPClientError) {
        guard let easy = curl_easy_init() else { throw HTTPClientError(.failed, "libcurl is out of handles.") }
        let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        var failures: [CURLcode] = []
        func check(_ code: CURLcode) { if code != CURLE_OK { failures.append(code) } }

        self.easy = easy
        self.exchange = exchange
        self.errorText = errorText
        headers = Self.headerList(exchange.request)
        check(persona_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))
        check(persona_curl_set_list(easy, CURLOPT_HTTPHEADER, headers))
        // "::ADDRESS:" — whatever the host and port, that address and the same port.
        route = exchange.request.address.flatMap { curl_slist_append(nil, "::\($0.contains(":") ? "[\($0)]" : $0):") }
        if exchange.request.address != nil { check(persona_curl_set_list(easy, CURLOPT_CONNECT_TO, route)) }
        Self.setRoute(easy, exchange.request, check)
        Self.setContent(easy, exchange.request, check)
        Self.setCallbacks(easy, Unmanaged.passUnretained(exchange).toOpaque(), check)
        if let failure = failures.first {
            release()
            throw HTTPClientError(.invalidRequest, String(cString: curl_easy_strerror(failure)))
        }
    }

    /// Call once, after the handle has left the multi handle.
    func release() {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headers)
        curl_slist_free_all(route)
        errorText.deallocate()
    }

    /// Identifies the exchange of a handle that libcurl reports.
    static func exchangeID(of easy: UnsafeMutableRawPointer?) -> ObjectIdentifier? {
        var context: UnsafeMutableRawPointer?
        guard let easy, persona_curl_get_pointer(easy, CURLINFO_PRIVATE, &context) == CURLE_OK, let context else {
            return nil
        }
        return ObjectIdentifier(Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue())
    }

    func error(_ result: CURLcode) -> HTTPClientError {
        var proxyStatus = 0
        // libcurl reports a proxy's refusal to CONNECT as an error of receiving.
        if persona_curl_get_long(easy, CURLINFO_HTTP_CONNECTCODE, &proxyStatus) == CURLE_OK, proxyStatus >= 300 {
            return proxyStatus < 500
                ? HTTPClientError(.proxyRefused, "The proxy refused the connection with status \(proxyStatus).")
                : HTTPClientError(.proxyFailed, "The proxy could not connect: status \(proxyStatus).")
        }
        let detail = String(cString: errorText)
        let message = detail.isEmpty ? String(cString: curl_easy_strerror(result)) : detail
        return HTTPClientError(Self.code(result), message)
    }

    private static func code(_ result: CURLcode) -> HTTPClientError.Code {
        switch result {
        case CURLE_COULDNT_RESOLVE_HOST: .nameNotResolved
        case CURLE_COULDNT_CONNECT: .connectionFailed
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: .proxyFailed
        case CURLE_OPERATION_TIMEDOUT: .timedOut
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR: .cutShort
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING: .malformedResponse
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR:
            .tlsFailed
        case CURLE_URL_MALFORMAT: .invalidRequest
        default: .failed
        }
    }

    private static func headerList(_ request: HTTPRequest) -> UnsafeMutablePointer<curl_slist>? {
        // libcurl would add these on its own: an Expect round trip, and a form's type for any body.
        var lines = ["Expect:"]
        if request.body != nil, request.headers["Content-Type"] == nil { lines.append("Content-Type:") }
        // An empty value is written `Name;` for libcurl, since `Name:` removes the field.
        lines += request.headers.fields.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines { list = curl_slist_append(list, line) ?? list }
        return list
    }

    private static func setRoute(_ easy: UnsafeMutableRawPointer, _ request: HTTPRequest, _ check: (CURLcode) -> Void) {
        check(persona_curl_set_string(easy, CURLOPT_URL, request.url))
        check(persona_curl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https"))
        check(persona_curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0))
        check(persona_curl_set_long(easy, CURLOPT_NOSIGNAL, 1))
        check(persona_curl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)))
        check(persona_curl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1))
        // Empty strings keep libcurl from reading http_proxy and no_proxy in the environment.
        check(persona_curl_set_string(easy, CURLOPT_PROXY, request.proxy ?? ""))
        check(persona_curl_set_string(easy, CURLOPT_NOPROXY, ""))
        if let path = request.unixSocketPath { check(persona_curl_set_string(easy, CURLOPT_UNIX_SOCKET_PATH, path)) }
        if let file = request.certificateAuthorityFile {
            check(persona_curl_set_string(easy, CURLOPT_CAINFO, file))
        }
        check(persona_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.limits.connect)))
        if let total = request.limits.total {
            check(persona_curl_set_long(easy, CURLOPT_TIMEOUT_MS, milliseconds(total)))
        }
    }

    private static func setContent(
        _ easy: UnsafeMutableRawPointer, _ request: HTTPRequest, _ check: (CURLcode) -> Void
    ) {
        if let body = request.body {
            check(persona_curl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
            // libcurl reads `POSTFIELDSIZE_LARGE` bytes at once; an empty body still needs an address.
            var bytes = body.isEmpty ? [0] : body
            bytes.withUnsafeMutableBytes { buffer in
                check(persona_curl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, buffer.baseAddress))
            }
        }
        // An empty list of codings stands for all that libcurl knows.
        if request.decodesContent { check(persona_curl_set_string(easy, CURLOPT_ACCEPT_ENCODING, "")) }
        if request.method == "HEAD" {
            check(persona_curl_set_long(easy, CURLOPT_NOBODY, 1))
        } else {
            check(persona_curl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method))
        }
    }

    private static func setCallbacks(
        _ easy: UnsafeMutableRawPointer, _ exchange: UnsafeMutableRawPointer, _ check: (CURLcode) -> Void
    ) {
        check(persona_curl_set_data_callback(easy, CURLOPT_HEADERFUNCTION, receiveHeader))
        check(persona_curl_set_pointer(easy, CURLOPT_HEADERDATA, exchange))
        check(persona_curl_set_data_callback(easy, CURLOPT_WRITEFUNCTION, receiveBody))
        check(persona_curl_set_pointer(easy, CURLOPT_WRITEDATA, exchange))
        check(persona_curl_set_pointer(easy, CURLOPT_PRIVATE, exchange))
    }

    /// At least 1, since libcurl takes 0 for "no limit".
    private static func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        // A day bounds the product; no exchange is meant to last longer.
        return Int(min(max(seconds, 0), 86_400) * 1000 + max(attoseconds, 0) / 1_000_000_000_000_000).clampedToOne
    }
}

extension Int {
    fileprivate var clampedToOne: Int { Swift.max(self, 1) }
}

/// libcurl takes any count other than the one it offered as an error.
private let refusedCount = 0

private func receiveHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    receive(bytes, size, count, context) { $0.receiveHeader($1) }
}

private func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    receive(bytes, size, count, context) { $0.receiveBody($1) }
}

private func receive(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?,
    _ offer: (Exchange, UnsafeBufferPointer<UInt8>) -> ExchangeState.Offer
) -> Int {
    guard let bytes, let context else { return refusedCount }
    let length = size &* count
    let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    let taken = bytes.withMemoryRebound(to: UInt8.self, capacity: length) {
        offer(exchange, UnsafeBufferPointer(start: $0, count: length))
    }
    switch taken {
    case .taken(let wake):
        wake.deliver()
        return length
    case .paused: return Int(CURL_WRITEFUNC_PAUSE)
    case .refused: return refusedCount
    }
}
