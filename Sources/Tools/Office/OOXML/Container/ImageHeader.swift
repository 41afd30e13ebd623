/// Kind and size of a picture, read from its first bytes.
package struct ImageHeader: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        case png, jpeg
    }

    package var kind: Kind
    /// In pixels.
    package var width: Int
    package var height: Int

    /// `nil` for anything but a PNG (its IHDR chunk) or a JPEG (its frame header) with a sensible size.
    package init?(_ bytes: [UInt8]) {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]), bytes.count >= 24 {
            self.init(.png, Self.big(bytes, 16, 4), Self.big(bytes, 20, 4))
        } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]), let (width, height) = Self.jpegSize(bytes) {
            self.init(.jpeg, width, height)
        } else {
            return nil
        }
    }

    private init?(_ kind: Kind, _ width: Int, _ height: Int) {
        // Larger pictures are bombs or mistakes.
        guard (1...100_000).contains(width), (1...100_000).contains(height) else { return nil }
        self.kind = kind
        self.width = width
        self.height = height
    }

    private static func big(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> Int {
        bytes[offset..<offset + count].reduce(0) { $0 << 8 | Int($1) }
    }

    /// Walks the marker segments to the first SOFn (ITU-T T.81, table B.1).
    private static func jpegSize(_ bytes: [UInt8]) -> (Int, Int)? {
        var offset = 2
        while offset + 9 <= bytes.count {
            guard bytes[offset] == 0xFF else { return nil }
            let marker = bytes[offset + 1]
            if marker == 0xFF {
                offset += 1
                continue
            }
            if (0xC0...0xCF).contains(marker), ![0xC4, 0xC8, 0xCC].contains(marker) {
                return (big(bytes, offset + 7, 2), big(bytes, offset + 5, 2))
            }
            let length = (0xD0...0xD9).contains(marker) ? 0 : big(bytes, offset + 2, 2)
            guard marker != 0xDA, marker != 0xD9, length >= 2 || (0xD0...0xD8).contains(marker) else { return nil }
            offset += 2 + length
        }
        return nil
    }
}
