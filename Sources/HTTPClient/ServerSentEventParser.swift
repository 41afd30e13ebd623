/// One dispatched event of a `text/event-stream`.
package struct ServerSentEvent: Sendable, Hashable {
    /// `message` where the stream names none.
    package var type: String
    package var data: String
    /// The last id that the stream set, which may come from an earlier event.
    package var lastEventID: String

    package init(type: String = "message", data: String, lastEventID: String = "") {
        self.type = type
        self.data = data
        self.lastEventID = lastEventID
    }
}

/// Reads `text/event-stream` as the WHATWG HTML standard, section 9.2.6 "Interpreting an event stream", says: lines end
/// in LF, CR or CRLF, one leading byte order mark is dropped, an event without a blank line behind it is never
/// dispatched, invalid UTF-8 becomes U+FFFD. Feed it any cut of the bytes.
package struct ServerSentEventParser: Sendable {
    package enum Failure: Error, Sendable, Hashable {
        /// A line or an event grew over the bound.
        case eventTooLarge(bytes: Int)
    }

    /// Milliseconds, from the last valid `retry` field.
    package private(set) var reconnectionTime: Int?
    package private(set) var lastEventID = ""

    private let maximumEventBytes: Int
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var type = ""
    private var pendingID = ""
    private var afterCarriageReturn = false
    private var isFirstLine = true

    /// `maximumEventBytes` bounds both one line and one event's data.
    package init(maximumEventBytes: Int = 1024 * 1024) {
        self.maximumEventBytes = maximumEventBytes
    }

    /// The events that `bytes` completed.
    package mutating func feed(_ bytes: some Sequence<UInt8>) throws(Failure) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            if afterCarriageReturn {
                afterCarriageReturn = false
                if byte == 0x0A { continue }
            }
            switch byte {
            case 0x0A, 0x0D:
                afterCarriageReturn = byte == 0x0D
                if let event = try endLine() { events.append(event) }
            default:
                guard line.count < maximumEventBytes else { throw .eventTooLarge(bytes: maximumEventBytes) }
                line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() throws(Failure) -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        if line.isEmpty { return dispatch() }
        guard let colon = line.firstIndex(of: 0x3A) else {
            try setField(line[...], [])
            return nil
        }
        var value = line[(colon + 1)...]
        if value.first == 0x20 { value = value.dropFirst() }
        try setField(line[..<colon], value)
        return nil
    }

    private mutating func setField(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) throws(Failure) {
        if name.elementsEqual("data".utf8) {
            guard data.count + value.count < maximumEventBytes else { throw .eventTooLarge(bytes: maximumEventBytes) }
            if hasData { data.append(0x0A) }
            data.append(contentsOf: value)
            hasData = true
        } else if name.elementsEqual("event".utf8) {
            type = String(decoding: value, as: UTF8.self)
        } else if name.elementsEqual("id".utf8) {
            if !value.contains(0) { pendingID = String(decoding: value, as: UTF8.self) }
        } else if name.elementsEqual("retry".utf8) {
            let isNumber = !value.isEmpty && value.allSatisfy { (0x30...0x39).contains($0) }
            if isNumber, let time = Int(String(decoding: value, as: UTF8.self)) { reconnectionTime = time }
        }
    }

    private mutating func dispatch() -> ServerSentEvent? {
        lastEventID = pendingID
        defer {
            data.removeAll(keepingCapacity: true)
            hasData = false
            type = ""
        }
        // The standard drops an event whose data buffer is empty; `data:` alone puts a line feed there and counts.
        guard hasData else { return nil }
        return ServerSentEvent(
            type: type.isEmpty ? "message" : type, data: String(decoding: data, as: UTF8.self), lastEventID: lastEventID
        )
    }
}
