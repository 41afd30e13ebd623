import CLibZip
import Glibc

/// A ZIP file of a stranger. What an entry says of its size counts for nothing: the bytes that come out are counted.
final class Archive {
    /// A document has some hundred parts; a million names alone would cost the memory that reading may take.
    private static let maximumEntries: Int64 = 20_000
    /// Of all parts together, unpacked: a sheet of a million rows has about 300 MB, and takes some seconds.
    private static let maximumBytes = 400 * 1024 * 1024
    private static let chunkBytes = 64 * 1024

    private let archive: OpaquePointer
    private var unpacked = 0

    /// `file` is a descriptor of the caller's, which may be closed afterwards.
    init(_ file: Int32) throws(ReadingError) {
        let own = dup(file)
        guard own >= 0 else { throw ReadingError(.damaged, "The file cannot be opened again.") }
        lseek(own, 0, SEEK_SET)
        var code: Int32 = 0
        guard let archive = zip_fdopen(own, 0, &code) else {
            close(own)
            throw ReadingError(.damaged, "The file begins like a ZIP archive but its directory cannot be read.")
        }
        self.archive = archive
        guard zip_get_num_entries(archive, 0) <= Self.maximumEntries else {
            throw ReadingError(.tooLarge, "The archive has more than \(Self.maximumEntries) entries: no document has.")
        }
    }

    deinit { zip_discard(archive) }

    var names: [String] {
        (0..<UInt64(max(0, zip_get_num_entries(archive, 0)))).compactMap { index in
            zip_get_name(archive, index, 0).map { String(cString: $0) }
        }
    }

    func contains(_ name: String) -> Bool { index(of: name) != nil }

    /// Part names differ in case from what refers to them in files of some programs (ECMA-376 part 2, section 6.3.5).
    private func index(of name: String) -> UInt64? {
        let plain = name.first == "/" ? String(name.dropFirst()) : name
        for flags in [0, UInt32(ZIP_FL_NOCASE)] {
            let found = zip_name_locate(archive, plain, flags)
            if found >= 0 { return UInt64(found) }
        }
        return nil
    }

    /// As the directory says it: for people, never for a bound.
    func statedSize(of name: String) -> Int {
        var status = zip_stat_t()
        guard let index = index(of: name), zip_stat_index(archive, index, 0, &status) == 0 else { return 0 }
        return Int(clamping: status.size)
    }

    /// The bytes of an entry piece by piece, until `body` answers false. False where there is no such entry.
    func read(_ name: String, _ body: (UnsafeRawBufferPointer) throws(ReadingError) -> Bool) throws(ReadingError)
        -> Bool
    {
        guard let index = index(of: name) else { return false }
        var status = zip_stat_t()
        if zip_stat_index(archive, index, 0, &status) == 0, status.encryption_method != UInt16(ZIP_EM_NONE) {
            throw ReadingError(.encrypted, "The archive is encrypted; a copy without a password can be read.")
        }
        guard let file = zip_fopen_index(archive, index, 0) else { throw damaged(name) }
        defer { zip_fclose(file) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunkBytes, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = zip_fread(file, buffer.baseAddress, UInt64(buffer.count))
            guard count >= 0 else { throw damaged(name) }
            guard count > 0 else { return true }
            unpacked += Int(count)
            guard unpacked <= Self.maximumBytes else {
                throw ReadingError(
                    .tooLarge, "The file unpacks to more than \(Self.maximumBytes >> 20) MB; it is not read further.")
            }
            guard try body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<Int(count)])) else {
                return true
            }
        }
    }

    /// A small part as a whole; `nil` where there is none.
    func bytes(_ name: String, limit: Int) throws(ReadingError) -> [UInt8]? {
        var bytes: [UInt8] = []
        let isThere = try read(name) { piece throws(ReadingError) in
            bytes += piece
            return bytes.count <= limit
        }
        return isThere ? Array(bytes.prefix(limit)) : nil
    }

    private func damaged(_ name: String) -> ReadingError {
        ReadingError(.damaged, "The part '\(name.prefix(80))' of the file cannot be unpacked.")
    }
}
