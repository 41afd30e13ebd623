import CZLib

/// Compression as PDF's FlateDecode has it (RFC 1950).
enum Deflate {
    /// Of a page's content, unpacked: Cairo writes some kilobytes a page.
    private static let maximumBytes = 64 * 1024 * 1024

    /// `nil` where it is damaged or larger than a page may be.
    static func inflated(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var capacity = max(4_096, bytes.count * 8)
        while capacity <= maximumBytes {
            var output = [UInt8](repeating: 0, count: capacity)
            var size = uLongf(capacity)
            let code = bytes.withUnsafeBufferPointer {
                uncompress(&output, &size, $0.baseAddress, uLong($0.count))
            }
            if code == Z_OK { return Array(output.prefix(Int(size))) }
            guard code == Z_BUF_ERROR else { return nil }
            capacity *= 4
        }
        return nil
    }

    static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var size = compressBound(uLong(bytes.count))
        var output = [UInt8](repeating: 0, count: Int(size))
        let code = compress2(&output, &size, bytes, uLong(bytes.count), 6)
        return code == Z_OK ? Array(output.prefix(Int(size))) : []
    }
}
