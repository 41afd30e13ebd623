import CZLib
import Dispatch
import Glibc

/// A piece of a deflate stream (RFC 1951) that is compressed apart from the others: it ends on a byte, so that the
/// pieces can be joined, and may refer to the last 32 KiB before it.
final class DeflateJob: @unchecked Sendable {  // handed to and fro by the semaphore `done`
    /// Bytes of a piece: large enough that what is lost between pieces does not show (some bytes each).
    static let pieceBytes = 256 * 1024
    static let windowBytes = 32 * 1024

    /// The piece's own bytes stand behind the window.
    let input: UnsafeMutablePointer<UInt8>
    var window = 0
    var count = 0
    var isLast = false
    private(set) var checksum: UInt = 0
    private(set) var output: UnsafeMutablePointer<UInt8>
    private(set) var outputCount = 0
    private let outputCapacity: Int
    private var stream = z_stream()
    private var isReady = false
    private var failure: OOXMLError?
    private let done = DispatchSemaphore(value: 0)
    private let level: Int32

    init(level: Int32) {
        self.level = level
        input = .allocate(capacity: Self.windowBytes + Self.pieceBytes)
        // What does not compress grows by 5 bytes each 16 KiB, and a flush takes 5 more.
        outputCapacity = Self.pieceBytes + Self.pieceBytes / 1024 + 1024
        output = .allocate(capacity: outputCapacity)
    }

    deinit {
        if isReady { deflateEnd(&stream) }
        input.deallocate()
        output.deallocate()
    }

    var start: UnsafeMutablePointer<UInt8> { input + Self.windowBytes }

    /// Begins to compress on a thread of the queue's.
    func run(on queue: DispatchQueue) {
        queue.async {
            self.compress()
            self.done.signal()
        }
    }

    /// Waits until it is compressed.
    func wait() throws(OOXMLError) {
        done.wait()
        if let failure { throw failure }
    }

    private func compress() {
        if isReady {
            deflateReset(&stream)
        } else {
            // Window of 2^15 bytes, no header; memory level 9: 256 KiB for a few bytes less in the file.
            guard persona_deflate_init(&stream, level, -15, 9, Z_DEFAULT_STRATEGY) == Z_OK else {
                failure = OOXMLError("archive", "Out of memory while compressing.")
                return
            }
            isReady = true
        }
        if window > 0 { deflateSetDictionary(&stream, start - window, UInt32(window)) }
        checksum = crc32(0, start, UInt32(count))
        stream.next_in = start
        stream.avail_in = UInt32(count)
        stream.next_out = output
        stream.avail_out = UInt32(outputCapacity)
        let result = deflate(&stream, isLast ? Z_FINISH : Z_SYNC_FLUSH)
        guard result == (isLast ? Z_STREAM_END : Z_OK), stream.avail_in == 0, stream.avail_out > 0 else {
            failure = OOXMLError("archive", "zlib failed with \(result).")
            return
        }
        outputCount = outputCapacity - Int(stream.avail_out)
    }
}
