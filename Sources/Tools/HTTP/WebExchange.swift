import HTTPClient
package import ToolKit
import Workspaces

/// What came back.
package struct ResponseOutput: Codable, Sendable {
    package var status: Int
    /// Whether the status is from 200 to 299.
    package var ok: Bool
    /// Where redirects led.
    package var url: String
    package var headers: [String: String]
    package var mediaType: String
    /// The body as text; at most `max_bytes` of it. Foreign content.
    package var text: String?
    package var file: WorkspaceFile?
    /// Bytes of the body that were taken, once decompressed.
    package var bytes: Int
    package var truncated: Bool
    /// What a reader should know: the answer was cut, or is no text.
    package var note: String?
    /// Always `foreign`: whoever wrote it is not the user.
    package var origin = "foreign"

    enum CodingKeys: String, CodingKey {
        case status, ok, url, headers, text, file, bytes, truncated, note, origin
        case mediaType = "media_type"
    }
}

/// Sends requests through the sandbox's proxy, which checks each of them, redirects too.
struct WebExchange: Sendable {
    /// PEM file of the authorities to trust in place of the system's.
    let authority: String?

    /// One client for the process: it has a thread, and keeps connections.
    private static let client = Result { try HTTPClient() }

    /// Headers of an answer that are shown, and bytes of each.
    private static let mostHeaders = 60
    private static let shownHeader = 2_000

    func perform(_ prepared: PreparedRequest, _ input: RequestInput, in context: ToolContext) async throws
        -> ResponseOutput
    {
        guard let proxy = context.proxy else {
            throw ToolFailure(.permanent, code: "no_network", "This sandbox has no way out to the network.")
        }
        let seconds = input.timeoutSeconds ?? WebLimit.callSeconds
        let most = input.maxBytes ?? (input.saveTo == nil ? WebLimit.usualShownBytes : WebLimit.savedBytes)
        let bound = input.saveTo == nil ? WebLimit.shownBytes : WebLimit.savedBytes
        guard (1...WebLimit.callSeconds).contains(seconds), (1...bound).contains(most) else {
            throw ToolFailure(
                .invalidInput, code: "input_invalid",
                "'timeout_seconds' is from 1 to \(WebLimit.callSeconds), 'max_bytes' from 1 to \(bound).")
        }
        let deadline = min(context.deadline - .seconds(1), .now + .seconds(seconds))
        let draft = try input.saveTo.map { text throws(ToolFailure) in
            try WorkspaceDraft(for: try WorkspacePath(text), in: Workspace(directory: context.directory))
        }
        // Before this nothing has left; a repeat of an idempotent method does no more than the first.
        let hasEffect = !prepared.isIdempotent
        if hasEffect { try await context.mark(.transmitting) }
        var request = prepared
        for _ in 0...WebLimit.redirects {
            let (head, body) = try await send(request, hasEffect, proxy, deadline)
            try refuse(head, request)
            let isRedirect = [301, 302, 303, 307, 308].contains(head.status)
            if isRedirect, input.followRedirects ?? prepared.isSafe, let location = head.headers["Location"] {
                try request.follow(head.status, to: location, hasEffect: hasEffect)
                continue
            }
            if hasEffect { try await context.mark(.accepted) }
            var output = try await take(body, head, request, hasEffect, most, draft)
            if let draft { try keep(draft, &output, input, context) }
            return output
        }
        throw ToolFailure(
            hasEffect ? .unknownOutcome : .permanent, code: "too_many_redirects",
            "\(prepared.address.shown) redirects more than \(WebLimit.redirects) times.")
    }

    private func refuse(_ head: HTTPHead, _ request: PreparedRequest) throws(ToolFailure) {
        guard let refusal = head.headers["X-Egress-Reason"], [400, 403, 431, 502, 504].contains(head.status) else {
            return
        }
        let isFinal = head.status == 403 || head.status == 400 || head.status == 431
        throw ToolFailure(
            isFinal ? .permanent : .transient, code: "egress_refused",
            "The way out refused \(request.address.origin): \(refusal.prefix(200)).")
    }

    private func keep(
        _ draft: WorkspaceDraft, _ output: inout ResponseOutput, _ input: RequestInput, _ context: ToolContext
    ) throws(ToolFailure) {
        try draft.commit()
        let file = WorkspaceFile(
            path: draft.path.description, name: draft.path.name, mediaType: output.mediaType, size: draft.size)
        output.file = file
        output.text = nil
        if input.publish == true { context.publish(file) }
    }

    private func send(
        _ request: PreparedRequest, _ hasEffect: Bool, _ proxy: String, _ deadline: ContinuousClock.Instant
    ) async throws -> (HTTPHead, HTTPBody) {
        // The reader bounds the body itself: what goes beyond is cut, not an error.
        let limits = HTTPLimits(
            connect: .seconds(15), total: max(.milliseconds(1), deadline - .now), idle: WebLimit.idle,
            responseBytes: Int.max)
        do {
            return try await Self.client.get().stream(
                request.request(proxy: proxy, limits: limits, authority: authority))
        } catch let error as HTTPClientError {
            throw failure(error, request, hasEffect)
        }
    }

    /// Reads the body into `draft` or memory. Once an effect was answered nothing here fails any more: what could not be
    /// read is said.
    private func take(
        _ body: HTTPBody, _ head: HTTPHead, _ request: PreparedRequest, _ hasEffect: Bool, _ most: Int,
        _ draft: WorkspaceDraft?
    ) async throws -> ResponseOutput {
        var bytes: [UInt8] = []
        var count = 0
        var note: String?
        do {
            for try await piece in body {
                let taken = piece.count <= most - count ? piece : Array(piece.prefix(most - count))
                count += taken.count
                if let draft { try draft.write(taken) } else { bytes += taken }
                guard taken.count == piece.count else {
                    note = "The answer has more than \(most) bytes; it was cut."
                    break
                }
            }
        } catch let error as HTTPClientError {
            guard hasEffect else { throw failure(error, request, hasEffect) }
            note = "The answer is not complete: \(error.message)"
        }
        if let note, draft != nil, !hasEffect {
            throw ToolFailure(
                .permanent, code: "answer_too_large", "\(request.address.shown): \(note) Nothing was saved.")
        }
        var output = output(head, request, count)
        output.truncated = note != nil
        output.note = note
        guard draft == nil else { return output }
        output.text = Self.text(bytes, type: head.headers["Content-Type"] ?? "")
        if output.text == nil { output.note = "The answer is not text; fetch it with 'save_to'." }
        return output
    }

    private func output(_ head: HTTPHead, _ request: PreparedRequest, _ count: Int) -> ResponseOutput {
        var headers: [String: String] = [:]
        for field in head.headers.fields.prefix(Self.mostHeaders) {
            let name = field.name.lowercased()
            headers[name] = (headers[name].map { $0 + ", " } ?? "") + String(field.value.prefix(Self.shownHeader))
        }
        let type = head.headers["Content-Type"] ?? "application/octet-stream"
        let mediaType = type.prefix { $0 != ";" }.lowercased().filter { $0 > " " && $0 < "\u{7F}" }
        return ResponseOutput(
            status: head.status, ok: (200..<300).contains(head.status), url: request.address.text, headers: headers,
            mediaType: mediaType.isEmpty ? "application/octet-stream" : mediaType, bytes: count, truncated: false)
    }

    /// By the character set that the answer names, else as it looks; `nil` for what is no text.
    private static func text(_ bytes: [UInt8], type: String) -> String? {
        let charset = type.lowercased().split(separator: ";").lazy.map { $0.drop { $0 == " " } }
            .first { $0.hasPrefix("charset=") }?.dropFirst(8).filter { $0 != "\"" }
        // A character set that is not known is found by itself; what is no text gives none.
        let named = charset.flatMap { try? FileText(bytes, encoding: String($0)) }
        let text = named ?? (try? FileText(bytes, of: "answer"))
        return text.map { String(String.UnicodeScalarView($0.text.unicodeScalars.filter { $0.value != 0 })) }
    }

    private func failure(_ error: HTTPClientError, _ request: PreparedRequest, _ hasEffect: Bool) -> ToolFailure {
        let message = "\(request.method) \(request.address.shown): \(error.message)"
        // Before a connection stood nothing can have happened at the far end.
        let early: Set<HTTPClientError.Code> = [
            .nameNotResolved, .connectionFailed, .proxyFailed, .proxyRefused, .tlsFailed, .invalidRequest,
        ]
        if hasEffect, !early.contains(error.code) {
            return ToolFailure(.unknownOutcome, code: "http_\(error.code.rawValue)", message)
        }
        if error.code == .invalidRequest { return ToolFailure(.invalidInput, code: "http_invalid_request", message) }
        return ToolFailure(error.isTransient ? .transient : .permanent, code: "http_\(error.code.rawValue)", message)
    }
}
