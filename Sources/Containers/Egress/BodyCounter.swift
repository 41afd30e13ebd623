/// Finds the end of a request's body, so that nothing after it reaches the far end.
package struct BodyCounter {
    private enum State {
        case over
        case bytes(Int)
        case sizeLine
        case size(Int)
        case extensions(Int)
        case data(Int)
        case dataEnd(Int)
        case trailer(isEmpty: Bool)
    }

    private var state: State

    package init(_ body: EgressRequest.Body) {
        state =
            switch body {
            case .none, .bytes(0): .over
            case .bytes(let count): .bytes(count)
            case .chunked: .sizeLine
            }
    }

    package var isOver: Bool {
        if case .over = state { return true }
        return false
    }

    /// How many of these bytes belong to the body. A malformed chunk ends the body where it is: the far end then
    /// sees a body that never ends, and refuses it.
    package mutating func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        var index = 0
        while index < bytes.count, !isOver {
            switch state {
            case .bytes(let left), .data(let left):
                let taken = min(left, bytes.count - index)
                index += taken
                advance(by: taken, of: left)
            default:
                take(bytes[index])
                index += 1
            }
        }
        return index
    }

    private mutating func advance(by taken: Int, of left: Int) {
        switch state {
        case .bytes: state = taken == left ? .over : .bytes(left - taken)
        default: state = taken == left ? .dataEnd(2) : .data(left - taken)
        }
    }

    private mutating func take(_ byte: UInt8) {
        switch state {
        case .sizeLine, .size:
            takeSize(byte)
        case .extensions(let size):
            if byte == 0x0A { state = size == 0 ? .trailer(isEmpty: true) : .data(size) }
        case .dataEnd(let left):
            state = left == 1 ? .sizeLine : .dataEnd(left - 1)
        case .trailer(let isEmpty):
            if byte == 0x0A {
                state = isEmpty ? .over : .trailer(isEmpty: true)
            } else if byte != 0x0D {
                state = .trailer(isEmpty: false)
            }
        case .over, .bytes, .data:
            break
        }
    }

    private mutating func takeSize(_ byte: UInt8) {
        let size: Int? = if case .size(let size) = state { size } else { nil }
        if let digit = Self.hex(byte) {
            let (shifted, overflow) = (size ?? 0).multipliedReportingOverflow(by: 16)
            state = overflow || shifted > Int.max - digit ? .over : .size(shifted + digit)
        } else if let size {
            state = byte == 0x0A ? (size == 0 ? .trailer(isEmpty: true) : .data(size)) : .extensions(size)
        } else {
            state = .over
        }
    }

    private static func hex(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x37
        case 0x61...0x66: Int(byte) - 0x57
        default: nil
        }
    }
}
