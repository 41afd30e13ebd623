import Glibc

enum ByteSearch {
    /// Where `wanted` first stands in `bytes`.
    static func first(_ wanted: UnsafeRawBufferPointer, in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress, let head = wanted.first, let start = wanted.baseAddress else { return nil }
        var at = 0
        while bytes.count - at >= wanted.count, let found = memchr(base + at, Int32(head), bytes.count - at) {
            let place = base.distance(to: UnsafeRawPointer(found))
            guard bytes.count - place >= wanted.count else { return nil }
            if memcmp(found, start, wanted.count) == 0 { return place }
            at = place + 1
        }
        return nil
    }
}
