import CZLib
import Dispatch
import Glibc

/// Writes a ZIP file (APPNOTE.TXT 6.3) entry by entry in constant memory, deflating on all processors.
///
/// Sizes stand in the local headers, which are corrected when an entry ends: not every reader likes descriptors behind
/// the data. An entry or archive beyond 4 GiB gets ZIP64 records, for which room is kept as a hint of growth, the extra
/// field that Office itself writes. The same bytes give the same file, however many threads there are.
package final class ZipOutput {
    package enum Target {
        /// A descriptor that can seek; it stays the caller's.
        case file(Int32)
        case memory
    }

    private struct Record {
        var name: [UInt8]
        var offset: UInt64
        var method: UInt16
        var checksum: UInt32 = 0
        var packed: UInt64 = 0
        var size: UInt64 = 0
        var hasRoom = false
    }

    /// 1 January 1980, the first day that ZIP can name: no clock enters the bytes.
    private static let date: UInt16 = 0x0021
    /// zlib's own default loses 2 % of size to its best, at a third of the time.
    package static let level: Int32 = 6
    /// Sizes and offsets from here on need ZIP64; tests set it lower.
    private let largest: UInt64

    private let target: Target
    private(set) var memory: [UInt8] = []
    private var written: UInt64 = 0
    private var records: [Record] = []
    private let queue: DispatchQueue
    private let inFlight: Int
    private var running: [DeflateJob] = []
    private var idle: [DeflateJob] = []
    /// The piece that is being filled.
    private var current: DeflateJob?
    private let level: Int32

    package init(
        to target: Target, threads: Int = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), level: Int32 = ZipOutput.level,
        zip64From largest: UInt64 = 0xFFFF_FFFF
    ) {
        self.target = target
        self.largest = largest
        self.level = level
        inFlight = threads + 1
        queue = DispatchQueue(label: "deflate", attributes: threads > 1 ? .concurrent : [])
    }

    // MARK: Entries

    /// Adds an entry as a whole; what is compressed already is stored.
    package func add(_ name: String, _ bytes: [UInt8]) throws(OOXMLError) {
        let isStored = [".png", ".jpeg", ".xlsx"].contains { name.hasSuffix($0) }
        if isStored {
            let checksum = bytes.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32(bytes.count)) }
            try add(
                packed: bytes, name: name, method: 0, checksum: UInt32(truncatingIfNeeded: checksum),
                size: UInt64(bytes.count))
            return
        }
        try begin(name, mayBeLarge: UInt64(bytes.count) >= largest)
        try write(bytes)
        try end()
    }

    /// Adds an entry whose bytes are compressed already.
    func add(packed bytes: [UInt8], name: String, method: UInt16, checksum: UInt32, size: UInt64) throws(OOXMLError) {
        var record = Record(name: Array(name.utf8), offset: written, method: method)
        record.checksum = checksum
        record.packed = UInt64(bytes.count)
        record.size = size
        record.hasRoom = max(size, record.packed) >= largest
        try put(header(record))
        try put(bytes)
        records.append(record)
    }

    /// Begins an entry that is deflated as it comes.
    package func begin(_ name: String, mayBeLarge: Bool = true) throws(OOXMLError) {
        var record = Record(name: Array(name.utf8), offset: written, method: 8)
        record.hasRoom = mayBeLarge
        try put(header(record))
        records.append(record)
    }

    package func write(_ bytes: [UInt8]) throws(OOXMLError) {
        var from = 0
        while from < bytes.count {
            let (space, room) = try room(1)
            let count = min(room, bytes.count - from)
            bytes.withUnsafeBytes {
                UnsafeMutableRawPointer(space).copyMemory(
                    from: $0.baseAddress.unsafelyUnwrapped + from, byteCount: count)
            }
            took(count)
            from += count
        }
    }

    /// Room for at least `count` bytes (at most a quarter of a piece) of the open entry, which the caller fills before it
    /// says with `took` how many they are.
    @inline(__always) func room(_ count: Int) throws(OOXMLError) -> (UnsafeMutablePointer<UInt8>, Int) {
        if let job = current, DeflateJob.pieceBytes - job.count >= count {
            return (job.start + job.count, DeflateJob.pieceBytes - job.count)
        }
        return try nextPiece()
    }

    @inline(__always) func took(_ count: Int) { current.unsafelyUnwrapped.count += count }

    private func nextPiece() throws(OOXMLError) -> (UnsafeMutablePointer<UInt8>, Int) {
        let full = current
        if running.count >= inFlight { try collect() }
        let job = idle.popLast() ?? DeflateJob(level: level)
        job.count = 0
        job.window = 0
        job.isLast = false
        if let full {
            let window = min(DeflateJob.windowBytes, full.count)
            memcpy(job.start - window, full.start + full.count - window, window)
            job.window = window
            submit(full)
        }
        current = job
        return (job.start, DeflateJob.pieceBytes)
    }

    private func submit(_ job: DeflateJob) {
        running.append(job)
        job.run(on: queue)
    }

    /// Takes the oldest piece in.
    private func collect() throws(OOXMLError) {
        let job = running.removeFirst()
        try job.wait()
        try put(UnsafeRawBufferPointer(start: job.output, count: job.outputCount))
        let place = records.count - 1
        let joined = crc32_combine(UInt(records[place].checksum), job.checksum, job.count)
        records[place].checksum = UInt32(truncatingIfNeeded: joined)
        records[place].size += UInt64(job.count)
        records[place].packed += UInt64(job.outputCount)
        idle.append(job)
    }

    /// Ends the open entry and corrects its header.
    package func end() throws(OOXMLError) {
        if current == nil { _ = try nextPiece() }
        if let last = current {
            last.isLast = true
            submit(last)
            current = nil
        }
        while !running.isEmpty { try collect() }
        let record = records[records.count - 1]
        guard record.hasRoom || max(record.size, record.packed) < largest else {
            throw OOXMLError("archive", "A part of the file is too large.")
        }
        try overwrite(header(record), at: record.offset)
    }

    // MARK: Records

    private func header(_ record: Record) -> [UInt8] {
        let isLarge = max(record.size, record.packed) >= largest
        var bytes: [UInt8] = []
        bytes.little(0x0403_4B50, 4)
        common(record, isLarge, &bytes)
        bytes.little(record.hasRoom ? 20 : 0, 2)
        bytes += record.name
        guard record.hasRoom else { return bytes }
        if isLarge {
            bytes.little(0x0001, 2)
            bytes.little(16, 2)
            bytes.little(record.size, 8)
            bytes.little(record.packed, 8)
        } else {
            // Growth hint (ECMA-376 part 2, annex B.4): signature, value of the padding, padding.
            bytes.little(0xA220, 2)
            bytes.little(16, 2)
            bytes.little(0xA028, 2)
            bytes += [UInt8](repeating: 0, count: 14)
        }
        return bytes
    }

    /// From the version that is needed to the name's length.
    private func common(_ record: Record, _ isLarge: Bool, _ bytes: inout [UInt8]) {
        bytes.little(isLarge ? 45 : 20, 2)
        // Names are UTF-8.
        bytes.little(record.name.allSatisfy { $0 < 0x80 } ? 0 : 0x0800, 2)
        bytes.little(UInt64(record.method), 2)
        bytes.little(0, 2)
        bytes.little(UInt64(Self.date), 2)
        bytes.little(UInt64(record.checksum), 4)
        bytes.little(isLarge ? 0xFFFF_FFFF : record.packed, 4)
        bytes.little(isLarge ? 0xFFFF_FFFF : record.size, 4)
        bytes.little(UInt64(record.name.count), 2)
    }

    /// Writes the directory. Returns the archive where it was made in memory.
    package func finish() throws(OOXMLError) -> [UInt8] {
        let start = written
        for record in records { try put(directoryEntry(record)) }
        let size = written - start
        let isLarge = start >= largest || records.count >= 0xFFFF
        var bytes: [UInt8] = []
        if isLarge {
            bytes.little(0x0606_4B50, 4)
            bytes.little(44, 8)
            bytes.little(45, 2)
            bytes.little(45, 2)
            bytes.little(0, 8)
            bytes.little(UInt64(records.count), 8)
            bytes.little(UInt64(records.count), 8)
            bytes.little(size, 8)
            bytes.little(start, 8)
            bytes.little(0x0706_4B50, 4)
            bytes.little(0, 4)
            bytes.little(start + size, 8)
            bytes.little(1, 4)
        }
        let count = UInt64(min(records.count, 0xFFFF))
        bytes.little(0x0605_4B50, 4)
        bytes.little(0, 4)
        bytes.little(isLarge ? 0xFFFF : count, 2)
        bytes.little(isLarge ? 0xFFFF : count, 2)
        bytes.little(isLarge ? 0xFFFF_FFFF : size, 4)
        bytes.little(isLarge ? 0xFFFF_FFFF : start, 4)
        bytes.little(0, 2)
        try put(bytes)
        return memory
    }

    private func directoryEntry(_ record: Record) -> [UInt8] {
        let isLarge = max(record.size, record.packed) >= largest
        let isFar = record.offset >= largest
        var extra: [UInt8] = []
        if isLarge || isFar {
            extra.little(0x0001, 2)
            extra.little((isLarge ? 16 : 0) + (isFar ? 8 : 0), 2)
            if isLarge {
                extra.little(record.size, 8)
                extra.little(record.packed, 8)
            }
            if isFar { extra.little(record.offset, 8) }
        }
        var bytes: [UInt8] = []
        bytes.little(0x0201_4B50, 4)
        bytes.little(isLarge || isFar ? 45 : 20, 2)
        common(record, isLarge, &bytes)
        bytes.little(UInt64(extra.count), 2)
        // No comment, disk 0, no attributes.
        bytes.little(0, 2)
        bytes.little(0, 2)
        bytes.little(0, 2)
        bytes.little(0, 4)
        bytes.little(isFar ? 0xFFFF_FFFF : record.offset, 4)
        return bytes + record.name + extra
    }

    // MARK: The target

    private func put(_ bytes: [UInt8]) throws(OOXMLError) {
        let failed = bytes.withUnsafeBytes { put(quietly: $0) }
        if let failed { throw failed }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(OOXMLError) {
        if let failed = put(quietly: bytes) { throw failed }
    }

    private func put(quietly bytes: UnsafeRawBufferPointer) -> OOXMLError? {
        written += UInt64(bytes.count)
        switch target {
        case .memory: memory.append(contentsOf: bytes)
        case .file(let descriptor):
            var rest = bytes
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return Self.failure(errno) }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
        return nil
    }

    private func overwrite(_ bytes: [UInt8], at offset: UInt64) throws(OOXMLError) {
        switch target {
        case .memory: memory.replaceSubrange(Int(offset)..<Int(offset) + bytes.count, with: bytes)
        case .file(let descriptor):
            guard pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count else {
                throw Self.failure(errno)
            }
        }
    }

    private static func failure(_ code: Int32) -> OOXMLError {
        OOXMLError(
            "write_failed",
            "The file cannot be written: \(strerror(code).map { String(cString: $0) } ?? "error \(code)").")
    }
}

extension [UInt8] {
    /// The lowest `count` bytes of `value`, the lowest first.
    fileprivate mutating func little(_ value: UInt64, _ count: Int) {
        for index in 0..<count { append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
    }
}
