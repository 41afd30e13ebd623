import OOXML

/// An archive with a large entry between small ones.
enum ZipSample {
    static func bytes(threads: Int = 2, zip64From: UInt64 = 0xFFFF_FFFF) throws -> [UInt8] {
        let output = ZipOutput(to: .memory, threads: threads, zip64From: zip64From)
        try output.add("small", [1, 2, 3])
        try output.begin("large.txt")
        var seed: UInt32 = 1
        for _ in 0..<70 {
            // Half noise, half repetition.
            var chunk = [UInt8](repeating: UInt8(ascii: "a"), count: 10_000)
            for index in stride(from: 0, to: 10_000, by: 2) {
                seed = seed &* 1_664_525 &+ 1_013_904_223
                chunk[index] = UInt8(truncatingIfNeeded: seed >> 24)
            }
            try output.write(chunk)
        }
        try output.end()
        try output.add("far", [4, 5, 6])
        return try output.finish()
    }
}
