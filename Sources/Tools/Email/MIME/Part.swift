/// One entity of a message (RFC 2045 section 2.4). Bodies stay encoded until asked for.
package struct Part: Sendable {
    package enum Content: Sendable {
        /// The encoded body.
        case leaf(ArraySlice<UInt8>)
        case multipart([Part])
        /// A message/rfc822: the body as it is, and the message in it where the depth allows.
        indirect case message(ArraySlice<UInt8>, Part?)
    }

    package let header: HeaderSection
    /// `text/plain` where the header says nothing usable (RFC 2045 section 5.2).
    package let contentType: ParameterisedValue
    package let disposition: ParameterisedValue?
    package let encoding: TransferEncoding
    package internal(set) var content: Content

    package var mediaType: String { contentType.value }
    package var isMultipart: Bool { if case .multipart = content { true } else { false } }

    /// The name its sender gave it, decoded, not yet fit for display or disk: see `AttachmentName`.
    package var fileName: String? {
        let name = disposition?["filename"] ?? contentType["name"]
        return name?.isEmpty == false ? name : nil
    }

    /// `Content-ID` without angle brackets.
    package var contentID: String? { header.first("Content-ID").flatMap { MessageID.parse($0).first } }

    /// The decoded body; of a multipart nothing.
    package var data: [UInt8] {
        switch content {
        case .leaf(let body): encoding.decode(body)
        case .message(let body, _): encoding.decode(body)
        case .multipart: []
        }
    }

    /// The decoded body as text in LF lines, cut at `limits.textBytes` of encoded body.
    package func text(limits: MIMELimits = MIMELimits()) -> (text: String, problem: MIMEProblem?) {
        guard case .leaf(let body) = content else { return ("", nil) }
        let data = encoding.decode(body.prefix(limits.textBytes))
        let charset = contentType["charset"] ?? ""
        let decoded = Charset.decode(data, charset: charset)
        let text = decoded ?? Charset.decodeUndeclared(data)
        return (text.withUnixLines, decoded == nil ? .unknownCharset(String(charset.prefix(40))) : nil)
    }
}

extension String {
    /// CRLF and lone CR become LF.
    var withUnixLines: String {
        guard utf8.contains(ASCII.cr) else { return self }
        var result: [UInt8] = []
        result.reserveCapacity(utf8.count)
        var afterReturn = false
        for byte in utf8 {
            if byte == ASCII.cr {
                result.append(ASCII.lf)
            } else if byte != ASCII.lf || !afterReturn {
                result.append(byte)
            }
            afterReturn = byte == ASCII.cr
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// Builds the tree of parts in one descent, bounded by `MIMELimits`.
struct PartParser {
    let limits: MIMELimits
    var problems: Set<MIMEProblem> = []
    private var parts = 0

    init(limits: MIMELimits) { self.limits = limits }

    /// `inDigest`: parts of a multipart/digest are message/rfc822 unless they say otherwise (RFC 2046 section 5.1.5).
    mutating func part(_ bytes: ArraySlice<UInt8>, depth: Int, inDigest: Bool = false) -> Part {
        parts += 1
        var (header, bodyStart) = HeaderSection.parse(bytes, limits: limits, problems: &problems)
        header.finish(problems: &problems)
        let body = bytes[bodyStart...]
        let type = contentType(header, fallback: inDigest ? "message/rfc822" : "text/plain")
        let encoding = transferEncoding(header, mediaType: type.value)
        let disposition = header.first("Content-Disposition").map { ParameterisedValue(parsing: $0) }
        let content = content(of: body, type: type, encoding: encoding, depth: depth)
        return Part(
            header: header, contentType: type, disposition: disposition, encoding: encoding, content: content)
    }

    private func contentType(_ header: HeaderSection, fallback: String) -> ParameterisedValue {
        guard let value = header.first("Content-Type") else { return ParameterisedValue(value: fallback) }
        let parsed = ParameterisedValue(parsing: value)
        let halves = parsed.value.split(separator: "/", omittingEmptySubsequences: false)
        let usable = halves.count == 2 && !halves[0].isEmpty && !halves[1].isEmpty
        // A broken type is opaque (RFC 2045 section 5.2 allows it); `text` alone was RFC 1049's way.
        return usable ? parsed : parsed.value == "text" || parsed.value.isEmpty ? parsed.named("text/plain") : parsed
    }

    private mutating func transferEncoding(_ header: HeaderSection, mediaType: String) -> TransferEncoding {
        guard let value = header.first("Content-Transfer-Encoding") else { return .identity }
        let name = ParameterisedValue(parsing: value).value
        if let encoding = TransferEncoding(name: name) {
            // RFC 2045 section 6.4: composite types are never encoded; a multipart that claims so is read as it is.
            return mediaType.hasPrefix("multipart/") ? .identity : encoding
        }
        problems.insert(.unknownTransferEncoding(String(name.prefix(40))))
        return .identity
    }

    private mutating func content(
        of body: ArraySlice<UInt8>, type: ParameterisedValue, encoding: TransferEncoding, depth: Int
    ) -> Part.Content {
        if type.value.hasPrefix("multipart/") {
            guard depth < limits.depth else {
                problems.insert(.nestedTooDeep)
                return .leaf(body)
            }
            guard let boundary = type["boundary"], !boundary.isEmpty else {
                problems.insert(.missingBoundary)
                return .leaf(body)
            }
            return .multipart(
                children(
                    of: body, boundary: Array(boundary.utf8), depth: depth, digest: type.value == "multipart/digest"))
        }
        if type.value == "message/rfc822" || type.value == "message/global" {
            guard depth < limits.depth, parts < limits.parts, encoding == .identity else {
                if depth >= limits.depth { problems.insert(.nestedTooDeep) }
                return .message(body, nil)
            }
            return .message(body, part(body, depth: depth + 1))
        }
        return .leaf(body)
    }

    private mutating func children(of body: ArraySlice<UInt8>, boundary: [UInt8], depth: Int, digest: Bool) -> [Part] {
        var result: [Part] = []
        var partStart: Int?
        var index = body.startIndex
        while index < body.endIndex {
            let line = Line.next(body, from: index)
            if let closes = delimiter(line.content, boundary: boundary) {
                if let start = partStart {
                    if parts >= limits.parts {
                        problems.insert(.tooManyParts)
                        return result
                    }
                    result.append(
                        part(
                            body[start..<Self.beforeLineEnd(body, at: index, from: start)], depth: depth + 1,
                            inDigest: digest))
                }
                if closes { return result }
                partStart = line.end
            }
            index = line.end
        }
        problems.insert(.missingCloseDelimiter)
        if let start = partStart, parts < limits.parts {
            result.append(part(body[start...], depth: depth + 1, inDigest: digest))
        }
        return result
    }

    /// `nil` where the line is no delimiter, else whether it closes the multipart (RFC 2046 section 5.1.1).
    private func delimiter(_ line: ArraySlice<UInt8>, boundary: [UInt8]) -> Bool? {
        guard line.count >= boundary.count + 2, line[line.startIndex] == ASCII.hyphen,
            line[line.startIndex + 1] == ASCII.hyphen,
            line[(line.startIndex + 2)...].starts(with: boundary)
        else { return nil }
        let rest = line[(line.startIndex + 2 + boundary.count)...]
        if rest.starts(with: [ASCII.hyphen, ASCII.hyphen]) { return true }
        return rest.allSatisfy(ASCII.isBlank) ? false : nil
    }

    /// The line end in front of a delimiter belongs to the delimiter.
    private static func beforeLineEnd(_ body: ArraySlice<UInt8>, at index: Int, from start: Int) -> Int {
        var end = index
        if end > start, body[end - 1] == ASCII.lf { end -= 1 }
        if end > start, body[end - 1] == ASCII.cr { end -= 1 }
        return end
    }
}

extension ParameterisedValue {
    func named(_ other: String) -> ParameterisedValue {
        var copy = self
        copy.rename(other)
        return copy
    }
}
