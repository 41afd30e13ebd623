/// The directory of a compound file ([MS-CFB]), in which Office kept documents until 2007 and keeps encrypted ones.
struct CompoundFile {
    /// Entries of the directory; a document has some dozens.
    private static let maximumEntries = 4_000

    private struct Entry {
        var name: String
        var start: UInt32
        var size: UInt64
    }

    private let bytes: [UInt8]
    private let sectorBytes: Int
    private var entries: [Entry] = []

    static func isOne(_ head: [UInt8]) -> Bool { head.starts(with: [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) }

    init?(_ bytes: [UInt8]) {
        guard Self.isOne(bytes), bytes.count >= 512 else { return nil }
        self.bytes = bytes
        let shift = Int(bytes[30])
        guard shift == 9 || shift == 12 else { return nil }
        sectorBytes = 1 << shift
        var sector = number(48)
        // Sectors follow one another by the allocation table; a chain longer than the file is a ring.
        for _ in 0..<(bytes.count / sectorBytes + 1) {
            guard let base = offset(of: sector), entries.count < Self.maximumEntries else { break }
            for place in stride(from: base, to: base + sectorBytes, by: 128) { addEntry(at: place) }
            guard let next = next(after: sector) else { break }
            sector = next
        }
    }

    /// `nil`: none that is read.
    var kind: ReadDocument.Kind? {
        for (name, kind) in [
            ("WordDocument", ReadDocument.Kind.doc), ("Workbook", .xls), ("Book", .xls), ("PowerPoint Document", .ppt),
        ] where entries.contains(where: { $0.name == name }) {
            return kind
        }
        return nil
    }

    var isEncrypted: Bool {
        if entries.contains(where: { ["EncryptedPackage", "EncryptedSummary"].contains($0.name) }) { return true }
        for entry in entries {
            // Small streams lie in another stream; the two kinds looked at are never that small.
            guard entry.size >= 4_096, let base = offset(of: entry.start) else { continue }
            switch entry.name {
            // FibBase.fEncrypted ([MS-DOC] section 2.5.2).
            case "WordDocument": if bytes[base + 11] & 1 != 0 { return true }
            // A FilePass record after the first BOF ([MS-XLS] section 2.4.117).
            case "Workbook", "Book":
                let first = 4 + Int(bytes[base + 2]) + Int(bytes[base + 3]) << 8
                if first + 2 <= sectorBytes, bytes[base + first] == 0x2F, bytes[base + first + 1] == 0 { return true }
            default: break
            }
        }
        return false
    }

    private func number(_ place: Int) -> UInt32 {
        bytes[place..<place + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    private func offset(of sector: UInt32) -> Int? {
        guard sector < 0xFFFF_FFFA else { return nil }
        let place = (Int(sector) + 1) * sectorBytes
        return place + sectorBytes <= bytes.count ? place : nil
    }

    /// The first 109 sectors of the allocation table stand in the header: 7 MB at least, and the directory is early.
    private func next(after sector: UInt32) -> UInt32? {
        let perSector = sectorBytes / 4
        let (table, place) = (Int(sector) / perSector, Int(sector) % perSector)
        guard table < 109, let base = offset(of: number(76 + 4 * table)) else { return nil }
        return number(base + 4 * place)
    }

    private mutating func addEntry(at place: Int) {
        let length = Int(bytes[place + 64]) | Int(bytes[place + 65]) << 8
        guard bytes[place + 66] != 0, (4...64).contains(length) else { return }
        let units = stride(from: place, to: place + length - 2, by: 2).map {
            UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8
        }
        let size = UInt64(number(place + 120))
        entries.append(Entry(name: String(decoding: units, as: UTF16.self), start: number(place + 116), size: size))
    }
}
