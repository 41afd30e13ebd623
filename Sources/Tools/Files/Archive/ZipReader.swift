import CLibZip
import Glibc

/// A ZIP file read entry by entry within bounds (APPNOTE.TXT 6.3.10), through libzip.
///
/// Used by one thread at a time.
package final class ZipReader {
    package struct Entry: Sendable, Hashable {
        fileprivate let index: UInt64
        /// What the archive calls it.
        package let name: String
        /// What it is called here: never out of the folder that it is written to, and unique.
        package let path: [String]
        package let isFolder: Bool
        /// As the archive says.
        package let declaredBytes: UInt64
    }

    package private(set) var entries: [Entry] = []
    /// Links and devices, which are left out.
    package private(set) var skipped: [String] = []
    private let archive: OpaquePointer
    private let limits: ArchiveLimits
    private let archiveBytes: Int
    private var takenBytes = 0

    /// Reads the directory of an archive of `size` bytes; the descriptor stays the caller's.
    package init(descriptor: Int32, size: Int, limits: ArchiveLimits = ArchiveLimits()) throws(ArchiveFault) {
        guard size <= limits.archiveBytes else {
            throw ArchiveFault(.tooLarge, "the archive has \(size) bytes; at most \(limits.archiveBytes) are opened")
        }
        // Before libzip makes something of each entry.
        let count = try ZipDirectoryEnd.entries(descriptor: descriptor, size: size)
        guard count <= limits.entries else {
            throw ArchiveFault(.tooLarge, "the archive has \(count) entries; at most \(limits.entries) are taken")
        }
        let own = dup(descriptor)
        guard own >= 0 else { throw ArchiveFault(.failed, "no descriptor is free") }
        var code: Int32 = 0
        guard let archive = zip_fdopen(own, 0, &code) else {
            close(own)
            throw ArchiveFault(.invalid, "the file is no ZIP archive, or a damaged one (\(Self.text(code)))")
        }
        self.archive = archive
        self.limits = limits
        archiveBytes = size
        // Where this throws, `deinit` gives the archive up.
        try list()
    }

    deinit { zip_discard(archive) }

    private func list() throws(ArchiveFault) {
        let count = zip_get_num_entries(archive, 0)
        guard count <= limits.entries else {
            throw ArchiveFault(.tooLarge, "the archive has \(count) entries; at most \(limits.entries) are taken")
        }
        var names = ArchiveNames(limits: limits)
        var packed: UInt64 = 0
        for index in 0..<UInt64(max(0, count)) {
            var status = zip_stat_t()
            guard zip_stat_index(archive, index, 0, &status) == 0, let raw = zip_get_name(archive, index, 0) else {
                throw ArchiveFault(.invalid, "entry \(index + 1) cannot be read")
            }
            let name = String(cString: raw)
            if Int32(status.encryption_method) != ZIP_EM_NONE {
                throw ArchiveFault(
                    .encrypted, "'\(name.prefix(60))' is encrypted; unpack it elsewhere and send it open")
            }
            packed = packed.addingReportingOverflow(status.comp_size).partialValue
            // Entries that share their bytes: together they claim more than the file holds.
            guard status.comp_size <= UInt64(archiveBytes), packed <= UInt64(archiveBytes) else {
                throw ArchiveFault(.unsafe, "entries overlap: together they claim more bytes than the archive has")
            }
            guard let kind = kind(of: index, name) else {
                if skipped.count < 100 { skipped.append(String(name.prefix(200))) }
                continue
            }
            let path = try names.path(of: name, isFolder: kind == .folder)
            entries.append(
                Entry(index: index, name: name, path: path, isFolder: kind == .folder, declaredBytes: status.size))
        }
    }

    private enum Kind { case file, folder }

    /// `nil` for links and devices.
    private func kind(of index: UInt64, _ name: String) -> Kind? {
        var system: UInt8 = 0
        var attributes: UInt32 = 0
        let isKnown = zip_file_get_external_attributes(archive, index, 0, &system, &attributes) == 0
        let type = isKnown && system == ZIP_OPSYS_UNIX ? mode_t(attributes >> 16) & S_IFMT : 0
        guard type == 0 || type == S_IFREG || type == S_IFDIR else { return nil }
        return name.hasSuffix("/") || name.hasSuffix("\\") || type == S_IFDIR ? .folder : .file
    }

    /// Hands out the bytes of a file, piece by piece, and checks them against checksum, sizes and bounds. `write` may
    /// throw to stop.
    package func extract(_ entry: Entry, write: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard let file = zip_fopen_index(archive, entry.index, 0) else {
            let code = zip_error_code_zip(zip_get_error(archive))
            throw ArchiveFault(
                code == ZIP_ER_COMPNOTSUPP || code == ZIP_ER_ENCRNOTSUPP ? .unsupported : .invalid,
                "'\(entry.name.prefix(60))' cannot be unpacked (\(Self.text(code)))")
        }
        defer { zip_fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        var bytes = 0
        while true {
            let count = buffer.withUnsafeMutableBytes { zip_fread(file, $0.baseAddress, UInt64($0.count)) }
            guard count >= 0 else {
                throw ArchiveFault(
                    .invalid,
                    "'\(entry.name.prefix(60))' is damaged (\(Self.text(zip_error_code_zip(zip_file_get_error(file)))))"
                )
            }
            if count == 0 { break }
            bytes += Int(count)
            takenBytes += Int(count)
            try check(bytes, of: entry)
            try buffer.withUnsafeBytes { try write(UnsafeRawBufferPointer(rebasing: $0[..<Int(count)])) }
        }
        guard UInt64(bytes) == entry.declaredBytes else {
            throw ArchiveFault(.unsafe, "'\(entry.name.prefix(60))' lies about its size")
        }
    }

    private func check(_ bytes: Int, of entry: Entry) throws(ArchiveFault) {
        guard UInt64(bytes) <= entry.declaredBytes else {
            throw ArchiveFault(.unsafe, "'\(entry.name.prefix(60))' lies about its size")
        }
        guard bytes <= limits.fileBytes, takenBytes <= limits.totalBytes else {
            throw ArchiveFault(
                .tooLarge,
                "the archive unpacks to more than \(bytes > limits.fileBytes ? limits.fileBytes : limits.totalBytes) bytes"
            )
        }
        guard takenBytes <= limits.freeBytes || takenBytes / limits.ratio <= archiveBytes else {
            throw ArchiveFault(.unsafe, "the archive unpacks to more than \(limits.ratio) times its size")
        }
    }

    private static func text(_ code: Int32) -> String {
        var error = zip_error_t()
        zip_error_init_with_code(&error, code)
        defer { zip_error_fini(&error) }
        return zip_error_strerror(&error).map { String(cString: $0) } ?? "error \(code)"
    }
}

/// How many entries an archive's end says that there are, read without libzip.
enum ZipDirectoryEnd {
    /// The record and the longest comment behind it.
    private static let tail = 22 + 65_535

    static func entries(descriptor: Int32, size: Int) throws(ArchiveFault) -> UInt64 {
        let start = max(0, size - tail)
        let bytes = read(descriptor, size - start, at: start)
        guard bytes.count >= 22,
            let end = stride(from: bytes.count - 22, through: 0, by: -1).first(where: {
                value(bytes, $0, 4) == 0x0605_4B50
            })
        else { throw ArchiveFault(.invalid, "the file is no ZIP archive: it has no directory") }
        let count = value(bytes, end + 10, 2)
        guard count == 0xFFFF, end >= 20, value(bytes, end - 20, 4) == 0x0706_4B50 else { return count }
        let offset = value(bytes, end - 20 + 8, 8)
        guard offset <= UInt64(size) else { throw ArchiveFault(.invalid, "the archive's directory lies outside of it") }
        let record = read(descriptor, 56, at: Int(offset))
        guard record.count == 56 else { throw ArchiveFault(.invalid, "the archive's directory lies outside of it") }
        return value(record, 32, 8)
    }

    private static func value(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
        (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }

    private static func read(_ descriptor: Int32, _ count: Int, at offset: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(0, count))
        let got = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
        return Array(bytes.prefix(max(0, got)))
    }
}
