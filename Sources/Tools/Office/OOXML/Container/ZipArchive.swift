import CLibZip
import Glibc

/// ZIP files through libzip.
enum ZipArchive {
    /// 1 January 1980, the first day that ZIP can name: no clock enters the bytes.
    private static let date: UInt16 = 0x0021

    /// Entries in the given order; pictures and nested packages are stored, everything else deflated.
    static func bytes(of entries: [(name: String, bytes: [UInt8])]) throws(OOXMLError) -> [UInt8] {
        var error = zip_error_t()
        zip_error_init(&error)
        defer { zip_error_fini(&error) }
        guard let target = zip_source_buffer_create(nil, 0, 0, &error) else { throw failure(&error) }
        // The archive frees its reference on close or discard; this one keeps the bytes readable after that.
        zip_source_keep(target)
        defer { zip_source_free(target) }
        guard let archive = zip_open_from_source(target, ZIP_TRUNCATE, &error) else {
            zip_source_free(target)
            throw failure(&error)
        }
        do throws(OOXMLError) {
            for entry in entries { try add(entry.name, entry.bytes, to: archive) }
        } catch {
            zip_discard(archive)
            throw error
        }
        guard zip_close(archive) == 0 else {
            let failed = failure(zip_get_error(archive))
            zip_discard(archive)
            throw failed
        }
        return try contents(of: target)
    }

    private static func add(_ name: String, _ bytes: [UInt8], to archive: OpaquePointer) throws(OOXMLError) {
        // libzip reads the data when the archive is closed: it needs a copy that it may free itself.
        let copy = malloc(max(1, bytes.count))
        guard let copy else { throw OOXMLError("archive", "Out of memory while writing '\(name)'.") }
        bytes.withUnsafeBytes { buffer in
            if let base = buffer.baseAddress { memcpy(copy, base, buffer.count) }
        }
        guard let source = zip_source_buffer(archive, copy, UInt64(bytes.count), 1) else {
            free(copy)
            throw failure(zip_get_error(archive))
        }
        let index = zip_file_add(archive, name, source, UInt32(ZIP_FL_ENC_UTF_8))
        guard index >= 0 else {
            zip_source_free(source)
            throw failure(zip_get_error(archive))
        }
        let stored = [".png", ".jpeg", ".xlsx"].contains { name.hasSuffix($0) }
        let method = stored ? ZIP_CM_STORE : ZIP_CM_DEFLATE
        guard zip_set_file_compression(archive, UInt64(index), method, 6) == 0,
            zip_file_set_dostime(archive, UInt64(index), 0, date, 0) == 0
        else { throw failure(zip_get_error(archive)) }
    }

    private static func contents(of source: OpaquePointer) throws(OOXMLError) -> [UInt8] {
        guard zip_source_open(source) == 0 else { throw failure(zip_source_error(source)) }
        defer { zip_source_close(source) }
        guard zip_source_seek(source, 0, SEEK_END) == 0 else { throw failure(zip_source_error(source)) }
        let size = zip_source_tell(source)
        guard size >= 0, zip_source_seek(source, 0, SEEK_SET) == 0 else { throw failure(zip_source_error(source)) }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        let read = bytes.withUnsafeMutableBytes { zip_source_read(source, $0.baseAddress, UInt64($0.count)) }
        guard read == size else { throw failure(zip_source_error(source)) }
        return bytes
    }

    private static func failure(_ error: UnsafeMutablePointer<zip_error_t>?) -> OOXMLError {
        guard let error, let text = zip_error_strerror(error) else { return OOXMLError("archive", "libzip failed.") }
        return OOXMLError("archive", "The ZIP archive could not be written: \(String(cString: text)).")
    }
}
