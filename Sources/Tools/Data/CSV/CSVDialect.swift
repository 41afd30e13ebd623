/// The delimiter of a file, and the decimal mark that follows from it.
struct CSVDialect {
    var delimiter: UInt8
    /// `1.234,56`: where semicolons separate and commas stand in numbers.
    var decimalComma = false

    /// Most records have several columns.
    var isCertain = true

    /// Bytes that are looked at: the first lines tell.
    private static let sample = 64 * 1024

    /// The candidate whose number of columns is the most even over the first records, the wider one where two are.
    init(detecting text: [UInt8]) {
        let head = Array(text.prefix(Self.sample))
        let line = head.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        if line.count == 5, String(decoding: line.prefix(4), as: UTF8.self).lowercased() == "sep=", let last = line.last
        {
            delimiter = last
        } else {
            var best: (score: Double, delimiter: UInt8) = (0, UInt8(ascii: ","))
            for candidate in [",", ";", "\t", "|"].compactMap({ Character($0).asciiValue }) {
                let score = Self.score(head, candidate)
                if score > best.score { best = (score, candidate) }
            }
            delimiter = best.delimiter
            isCertain = best.score > 0
        }
        if delimiter == UInt8(ascii: ";") || delimiter == UInt8(ascii: "\t") || delimiter == UInt8(ascii: "|") {
            decimalComma = Self.usesDecimalComma(head, delimiter)
        }
    }

    private static func score(_ text: [UInt8], _ delimiter: UInt8) -> Double {
        var reader = CSVRecords(text, delimiter: delimiter)
        var counts: [Int: Int] = [:]
        var total = 0
        while total < 100, let record = reader.next(columns: 10_000) {
            if record.fields == [""] { continue }
            counts[record.fields.count, default: 0] += 1
            total += 1
        }
        guard total > 0, let common = counts.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }), common.key > 1
        else { return 0 }
        return Double(common.value) / Double(total) + min(Double(common.key), 50) / 1_000
    }

    /// More fields look like `3,5` than like `3.5`.
    private static func usesDecimalComma(_ text: [UInt8], _ delimiter: UInt8) -> Bool {
        var reader = CSVRecords(text, delimiter: delimiter)
        var (commas, points, total) = (0, 0, 0)
        while total < 200, let record = reader.next(columns: 1_000) {
            total += 1
            for field in record.fields {
                let trimmed = field.trimmedText
                let withComma = CSVNumber.parse(trimmed, decimalComma: true) != nil
                let withPoint = CSVNumber.parse(trimmed, decimalComma: false) != nil
                if withComma, !withPoint || trimmed.last(where: { $0 == "," || $0 == "." }) == "," { commas += 1 }
                if withPoint, !withComma || trimmed.contains("."), trimmed.contains(".") { points += 1 }
            }
        }
        return commas > points
    }
}
