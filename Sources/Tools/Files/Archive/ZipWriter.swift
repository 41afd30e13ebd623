import CLibZip
import Glibc

/// One file for an archive; opened when its turn comes and closed after it.
package struct ZipSource {
    /// Relative, with slashes; ends in a slash for a folder.
    package var name: String
    /// Seconds since 1970.
    package var modified: Int
    /// A descriptor that the writer closes, or `nil` where the file cannot be had any more; unused for folders.
    package var open: () -> Int32?

    package init(name: String, modified: Int, open: @escaping () -> Int32?) {
        self.name = name
        self.modified = modified
        self.open = open
    }
}

/// Writes ZIP files through libzip.
package enum ZipWriter {
    /// Makes the archive at an absolute path, which must be of the caller's alone. `isOver` stops the work.
    package static func write(_ sources: [ZipSource], to path: String, isOver: @escaping () -> Bool)
        throws(ArchiveFault)
    {
        var code: Int32 = 0
        guard let archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code) else {
            throw ArchiveFault(.failed, "the archive cannot be made (error \(code))")
        }
        do throws(ArchiveFault) {
            for source in sources { try add(source, to: archive, isOver) }
        } catch {
            zip_discard(archive)
            throw error
        }
        guard zip_close(archive) == 0 else {
            let text = zip_error_strerror(zip_get_error(archive)).map { String(cString: $0) } ?? "error"
            zip_discard(archive)
            throw ArchiveFault(.failed, "the archive was not written: \(text)")
        }
    }

    private static func add(_ entry: ZipSource, to archive: OpaquePointer, _ isOver: @escaping () -> Bool)
        throws(ArchiveFault)
    {
        guard !entry.name.hasSuffix("/") else {
            guard zip_dir_add(archive, entry.name, UInt32(ZIP_FL_ENC_UTF_8)) >= 0 else {
                throw ArchiveFault(.failed, "'\(entry.name)' cannot be added")
            }
            return
        }
        let reading = Unmanaged.passRetained(Reading(entry, isOver))
        guard let source = zip_source_function(archive, answer, reading.toOpaque()) else {
            reading.release()
            throw ArchiveFault(.failed, "'\(entry.name)' cannot be added")
        }
        let index = zip_file_add(archive, entry.name, source, UInt32(ZIP_FL_ENC_UTF_8))
        guard index >= 0 else {
            zip_source_free(source)
            throw ArchiveFault(.failed, "'\(entry.name)' cannot be added")
        }
        // S_IFREG | 0644: unpackers on Unix take the mode from here.
        zip_file_set_external_attributes(archive, UInt64(index), 0, UInt8(ZIP_OPSYS_UNIX), 0o100_644 << 16)
    }

    /// What libzip asks of a source, in the order open, read …, close; free at the end.
    private static let answer:
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UInt64, zip_source_cmd_t
        ) -> Int64 = { state, data, length, command in
            guard let state else { return -1 }
            let reading = Unmanaged<Reading>.fromOpaque(state).takeUnretainedValue()
            switch command {
            case ZIP_SOURCE_OPEN: return reading.begin() ? 0 : -1
            case ZIP_SOURCE_READ: return reading.read(into: data, Int(clamping: length))
            case ZIP_SOURCE_CLOSE:
                reading.end()
                return 0
            case ZIP_SOURCE_STAT:
                guard let status = data?.assumingMemoryBound(to: zip_stat_t.self) else { return -1 }
                zip_stat_init(status)
                status.pointee.mtime = reading.entry.modified
                status.pointee.valid = UInt64(ZIP_STAT_MTIME)
                return Int64(MemoryLayout<zip_stat_t>.size)
            case ZIP_SOURCE_ERROR:
                guard let data else { return -1 }
                data.storeBytes(of: ZIP_ER_READ, as: Int32.self)
                data.storeBytes(of: reading.failure, toByteOffset: 4, as: Int32.self)
                return 8
            case ZIP_SOURCE_FREE:
                Unmanaged<Reading>.fromOpaque(state).release()
                return 0
            case ZIP_SOURCE_SUPPORTS:
                return [
                    ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
                    ZIP_SOURCE_FREE,
                ].reduce(0) { $0 | Int64(1) << Int64($1.rawValue) }
            default: return -1
            }
        }

    private final class Reading {
        let entry: ZipSource
        private let isOver: () -> Bool
        private var descriptor: Int32 = -1
        /// Of errno(3).
        private(set) var failure: Int32 = 0

        init(_ entry: ZipSource, _ isOver: @escaping () -> Bool) {
            self.entry = entry
            self.isOver = isOver
        }

        deinit { end() }

        func begin() -> Bool {
            descriptor = entry.open() ?? -1
            if descriptor < 0 { failure = ENOENT }
            return descriptor >= 0
        }

        func read(into data: UnsafeMutableRawPointer?, _ count: Int) -> Int64 {
            if isOver() {
                failure = ECANCELED
                return -1
            }
            let got = Glibc.read(descriptor, data, count)
            if got < 0 { failure = errno }
            return Int64(got)
        }

        func end() {
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }
}
