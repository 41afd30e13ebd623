import HTTPTypes

/// Header fields that HTTPTypes has no name for.
enum HeaderNames {
    static let idempotencyKey = name("Idempotency-Key")
    static let requestID = name("X-Request-Id")
    static let csrfToken = name("X-CSRF-Token")
    static let lastEventID = name("Last-Event-ID")
    static let rateLimit = name("RateLimit")
    static let rateLimitPolicy = name("RateLimit-Policy")
    static let filename = name("X-Filename")
    /// Asks proxies of the nginx kind to pass a stream on as it comes.
    static let accelBuffering = name("X-Accel-Buffering")
    static let traceparent = name("traceparent")
    /// Standard Webhooks 1.0.
    static let webhookID = name("webhook-id")
    static let webhookTimestamp = name("webhook-timestamp")
    static let webhookSignature = name("webhook-signature")

    private static func name(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("'\(text)' is no header name") }
        return name
    }
}
