import CLibZip
import Foundation

/// ZIP files for tests, as broken as they are wanted.
enum Archive {
    struct Failed: Error {}

    static func bytes(of files: [(name: String, bytes: [UInt8])]) throws -> [UInt8] {
        let path = FileManager.default.temporaryDirectory.appending(path: "archive-\(UUID().uuidString).zip")
        defer { try? FileManager.default.removeItem(at: path) }  // what is left is the system's to clear
        guard let archive = zip_open(path.path, ZIP_CREATE | ZIP_TRUNCATE, nil) else { throw Failed() }
        var kept: [UnsafeMutableRawBufferPointer] = []
        defer { kept.forEach { $0.deallocate() } }
        for file in files {
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, file.bytes.count), alignment: 1)
            kept.append(copy)
            copy.copyBytes(from: file.bytes)
            guard let source = zip_source_buffer(archive, copy.baseAddress, UInt64(file.bytes.count), 0),
                zip_file_add(archive, file.name, source, UInt32(ZIP_FL_ENC_UTF_8)) >= 0
            else { throw Failed() }
        }
        guard zip_close(archive) == 0 else { throw Failed() }
        return [UInt8](try Data(contentsOf: path))
    }
}
