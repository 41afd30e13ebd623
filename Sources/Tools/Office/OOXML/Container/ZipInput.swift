import CLibZip
import Glibc

/// Bounds on what is unpacked from a foreign file.
package struct PackageLimits: Sendable, Hashable {
    /// Bytes of all parts together as they are really unpacked, whatever the archive says of itself: time, not memory.
    package var unpackedBytes = 2 << 30
    /// Bytes of one part that is held in memory as a whole.
    package var partBytes = 64 << 20
    /// Names in the archive: the largest real workbooks have some thousands of parts.
    package var entries = 20_000

    package init() {}
}

/// A ZIP file in memory, read by libzip. Not to be shared between threads.
final class ZipInput {
    struct Entry {
        var name: String
        /// What the archive says; the truth is known only after unpacking.
        var size: UInt64
        var packedSize: UInt64
        var crc: UInt32
        var method: UInt16
        var isEncrypted: Bool
    }

    private let archive: OpaquePointer
    private let memory: UnsafeMutableRawBufferPointer
    let entries: [Entry]
    let limits: PackageLimits
    private var unpacked = 0

    init(_ bytes: [UInt8], limits: PackageLimits = PackageLimits()) throws(OOXMLError) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 8)
        memory.copyBytes(from: bytes)
        var error = zip_error_t()
        zip_error_init(&error)
        defer { zip_error_fini(&error) }
        guard let source = zip_source_buffer_create(memory.baseAddress, UInt64(bytes.count), 0, &error) else {
            memory.deallocate()
            throw OOXMLError("archive", "Out of memory while opening the file.")
        }
        guard let archive = zip_open_from_source(source, ZIP_RDONLY, &error) else {
            zip_source_free(source)
            memory.deallocate()
            throw Self.unreadable(bytes)
        }
        do throws(OOXMLError) { entries = try Self.list(archive, limits) } catch {
            zip_discard(archive)
            memory.deallocate()
            throw error
        }
        self.archive = archive
        self.memory = memory
        self.limits = limits
    }

    deinit {
        zip_discard(archive)
        memory.deallocate()
    }

    private static func list(_ archive: OpaquePointer, _ limits: PackageLimits) throws(OOXMLError) -> [Entry] {
        let count = zip_get_num_entries(archive, 0)
        guard count >= 0, count <= limits.entries else {
            throw OOXMLError("archive_too_large", "The file holds more than \(limits.entries) parts.")
        }
        var entries: [Entry] = []
        for index in 0..<UInt64(count) {
            var status = zip_stat_t()
            zip_stat_init(&status)
            guard zip_stat_index(archive, index, 0, &status) == 0, let name = status.name else {
                throw OOXMLError("archive_invalid", "The file's list of parts is damaged.")
            }
            entries.append(
                Entry(
                    name: String(cString: name), size: status.size, packedSize: status.comp_size, crc: status.crc,
                    method: status.comp_method, isEncrypted: status.encryption_method != 0))
        }
        return entries
    }

    /// Why what is no ZIP file cannot be read: encrypted documents and those of old are compound files ([MS-CFB]).
    private static func unreadable(_ bytes: [UInt8]) -> OOXMLError {
        guard bytes.starts(with: [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) else {
            return OOXMLError("archive_invalid", "The file is no Office document, or it is damaged.")
        }
        let mark = "EncryptedPackage".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        let found = bytes.withUnsafeBytes { all in mark.withUnsafeBytes { ByteSearch.first($0, in: all) != nil } }
        return found
            ? OOXMLError("file_encrypted", "The file is protected by a password and cannot be read without it.")
            : OOXMLError("file_legacy", "The file has the format of Office 97 to 2003; save it in the present format.")
    }

    /// Opens an entry and gives what reads it; the last bytes are checked against the entry's checksum.
    func open(_ index: Int) throws(OOXMLError) -> ZipEntryInput {
        let entry = entries[index]
        guard !entry.isEncrypted else {
            throw OOXMLError("file_encrypted", "'\(entry.name)' is protected by a password.")
        }
        guard let file = zip_fopen_index(archive, UInt64(index), 0) else {
            throw OOXMLError("archive_invalid", "'\(entry.name)' cannot be unpacked.")
        }
        return ZipEntryInput(file, of: self, name: entry.name)
    }

    /// The whole of an entry.
    func bytes(_ index: Int) throws(OOXMLError) -> [UInt8] {
        let input = try open(index)
        // What the archive says is only a hint for the first allocation.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(min(entries[index].size, 1 << 20)))
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 8)
        defer { chunk.deallocate() }
        while true {
            let count = try input.read(chunk)
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= limits.partBytes else {
                throw OOXMLError("archive_too_large", "'\(entries[index].name)' is larger than can be held in memory.")
            }
        }
    }

    /// An entry's bytes as they are packed.
    func packed(_ index: Int) throws(OOXMLError) -> [UInt8] {
        let entry = entries[index]
        guard entry.packedSize <= UInt64(memory.count), !entry.isEncrypted,
            let file = zip_fopen_index(archive, UInt64(index), UInt32(ZIP_FL_COMPRESSED))
        else { throw OOXMLError("archive_invalid", "'\(entry.name)' cannot be copied.") }
        defer { zip_fclose(file) }
        var bytes = [UInt8](repeating: 0, count: Int(entry.packedSize))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { all in
                let rest = UnsafeMutableRawBufferPointer(rebasing: all[filled...])
                return zip_fread(file, rest.baseAddress, UInt64(rest.count))
            }
            guard count > 0 else { throw OOXMLError("archive_invalid", "'\(entry.name)' is cut short.") }
            filled += Int(count)
        }
        return bytes
    }

    fileprivate func charge(_ count: Int) throws(OOXMLError) {
        unpacked += count
        guard unpacked <= limits.unpackedBytes else {
            throw OOXMLError("archive_too_large", "The file unpacks to more than \(limits.unpackedBytes) bytes.")
        }
    }
}

/// One entry of a `ZipInput`, being unpacked.
final class ZipEntryInput {
    private let file: OpaquePointer
    private let archive: ZipInput
    private let name: String

    fileprivate init(_ file: OpaquePointer, of archive: ZipInput, name: String) {
        self.file = file
        self.archive = archive
        self.name = name
    }

    deinit { zip_fclose(file) }

    /// Fills the buffer and says how far; 0 at the end.
    func read(_ buffer: UnsafeMutableRawBufferPointer) throws(OOXMLError) -> Int {
        let count = zip_fread(file, buffer.baseAddress, UInt64(buffer.count))
        guard count >= 0 else { throw OOXMLError("archive_invalid", "'\(name)' is damaged.") }
        try archive.charge(Int(count))
        return Int(count)
    }
}
