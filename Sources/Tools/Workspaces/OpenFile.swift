package import Glibc

/// A descriptor that is closed with its last reference.
package final class OpenFile: Sendable {
    package let raw: Int32

    package init(_ raw: Int32) { self.raw = raw }

    deinit { close(raw) }

    /// At most `count` bytes from `offset`, fewer at the end of the file; `nil` with errno where reading fails.
    package func read(_ count: Int, at offset: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: max(0, count))
        var filled = 0
        while filled < bytes.count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                pread(raw, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, offset + filled)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { return nil }
            if got == 0 { break }
            filled += got
        }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }

    /// 0, or the errno of what failed.
    package func write(_ bytes: [UInt8]) -> Int32 { bytes.withUnsafeBytes { write($0) } }

    package func write(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(raw, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            if count < 0 { return errno }
            written += count
        }
        return 0
    }

    package func status() -> stat? {
        var status = stat()
        return fstat(raw, &status) == 0 ? status : nil
    }
}
