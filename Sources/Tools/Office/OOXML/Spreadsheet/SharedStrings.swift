/// `xl/sharedStrings.xml`, in bounded memory: a text that comes again is shared from its second time on, one that comes
/// once stays in its cell. That is smaller than sharing all or none, and needs no table of all texts.
struct SharedStrings {
    private struct Slot {
        var hash: UInt64 = 0
        /// -1: seen once.
        var index = -1
        var text: String?
    }

    /// Places of texts; one that falls upon a shared one stays in its cells.
    private static let slots = 16_384
    /// UTF-8 bytes of a text that may be shared: 16 MiB at the most for all.
    private static let longest = 1_024
    private var table = [Slot](repeating: Slot(), count: SharedStrings.slots)
    private(set) var texts: [String] = []
    private(set) var uses = 0

    /// The text's number, or `nil`: it is written into the cell.
    mutating func index(of text: String, _ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        guard bytes.count <= Self.longest else { return nil }
        let hash = Self.hash(bytes)
        let place = Int(truncatingIfNeeded: hash & UInt64(Self.slots - 1))
        if table[place].hash == hash, table[place].text == text {
            if table[place].index < 0 {
                table[place].index = texts.count
                texts.append(text)
            }
            uses += 1
            return table[place].index
        }
        if table[place].index < 0 { table[place] = Slot(hash: hash, index: -1, text: text) }
        return nil
    }

    /// FNV-1a over 8 bytes at a time, mixed: good enough for a table of this size.
    @inline(__always) private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(bytes.count)
        var at = 0
        while at + 8 <= bytes.count {
            var word: UInt64 = 0
            withUnsafeMutableBytes(of: &word) { $0.copyBytes(from: UnsafeBufferPointer(rebasing: bytes[at..<at + 8])) }
            hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
            at += 8
        }
        while at < bytes.count {
            hash = (hash ^ UInt64(bytes[at])) &* 0x0000_0100_0000_01B3
            at += 1
        }
        hash ^= hash >> 32
        hash = hash &* 0x9E37_79B9_7F4A_7C15
        return hash ^ hash >> 32
    }

    var bytes: [UInt8] {
        var xml = XMLBuffer()
        xml.element(
            "sst", ["xmlns": SpreadsheetSpace.main, "count": "\(uses)", "uniqueCount": "\(texts.count)"]
        ) { xml in
            for text in texts {
                xml.element("si") { $0.element("t", ["xml:space": "preserve"], text: XString.escaped(text)) }
            }
        }
        return xml.bytes
    }
}
