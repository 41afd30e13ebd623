import Formula
import Glibc

/// Computes the benchmarks' workbooks: `FormulaBench chain|sumifs|mixed|sums|again N` prints seconds, formulas and a
/// check value; `FormulaBench eval` computes each line of its input.
@main enum FormulaBench {
    static let surroundings = Surroundings(now: 45366.5, seed: 7)

    static func main() throws {
        let arguments = CommandLine.arguments
        let size = arguments.count > 2 ? Int(arguments[2]) ?? 1000 : 1000
        switch arguments.count > 1 ? arguments[1] : "" {
        case "chain": try measure(size) { try chain($0) }
        case "sumifs": try measure(size) { try conditional($0) }
        case "mixed": try measure(size) { try mixed($0) }
        case "sums": try measure(size) { try sums($0) }
        case "again": try again(size)
        case "eval": try evaluateLines()
        default: print("usage: FormulaBench chain|sumifs|mixed|sums|again N | eval")
        }
    }

    private static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func measure(_ size: Int, _ make: (Int) throws -> (FormulaWorkbook, CellAddress)) throws {
        let start = seconds()
        var (book, check) = try make(size)
        let built = seconds()
        let count = try book.calculate(surroundings)
        let end = seconds()
        print(
            "{\"build_s\":\(built - start),\"calculate_s\":\(end - built),\"formulas\":\(count),\"check\":\"\(book.value(at: check).text)\"}"
        )
    }

    private static func book() throws -> FormulaWorkbook {
        var book = FormulaWorkbook()
        try book.addSheet("Sheet1")
        return book
    }

    private static func at(_ row: Int, _ column: Int) -> CellAddress { CellAddress(row: row, column: column) }

    /// Each cell is the one above it and one.
    private static func chain(_ size: Int) throws -> (FormulaWorkbook, CellAddress) {
        var book = try book()
        try book.set(.number(1), at: at(0, 0))
        let step = try FormulaParser.parse("A1+1", at: CellPosition(row: 1, column: 0))
        for row in 1...size { try book.setFormula(step, at: at(row, 0)) }
        return (book, at(size, 0))
    }

    /// Sums over 10,000 rows by two conditions.
    private static func conditional(_ size: Int) throws -> (FormulaWorkbook, CellAddress) {
        var book = try book()
        for row in 0..<10_000 {
            try book.set(.text("g\(row % 100)"), at: at(row, 0))
            try book.set(.number(Double(row % 977)), at: at(row, 1))
            try book.set(.number(Double(row)), at: at(row, 2))
        }
        for row in 0..<size {
            try book.setFormula(
                "SUMIFS($C$1:$C$10000,$A$1:$A$10000,\"g\(row % 100)\",$B$1:$B$10000,\">\(row % 900)\")", at: at(row, 4))
        }
        return (book, at(size - 1, 4))
    }

    /// An order book: products, lookups, conditions, texts and dates in every row, and totals.
    private static func mixed(_ size: Int) throws -> (FormulaWorkbook, CellAddress) {
        var book = try book()
        for row in 0..<100 {
            try book.set(.text("P\(row)"), at: at(row, 20))
            try book.set(.number(Double(row) * 1.25), at: at(row, 21))
        }
        for row in 0..<size {
            let number = row + 1
            try book.set(.text("P\(row * 7 % 100)"), at: at(row, 0))
            try book.set(.number(Double(row % 50)), at: at(row, 1))
            try book.set(.number(Double(40_000 + row % 5000)), at: at(row, 2))
            for (column, formula) in [
                "VLOOKUP(A\(number),$U$1:$V$100,2,FALSE)", "B\(number)*D\(number)",
                "IF(E\(number)>500,\"large\",\"small\")", "ROUND(E\(number)*1.19,2)",
                "YEAR(C\(number))*100+MONTH(C\(number))", "UPPER(LEFT(A\(number),2))&\"-\"&F\(number)",
                "IFERROR(E\(number)/B\(number),0)", "SUM(B\(number):E\(number))",
            ].enumerated() {
                try book.setFormula(formula, at: at(row, 3 + column))
            }
        }
        try book.setFormula("SUM(G1:G\(size))+SUMIF(F1:F\(size),\"large\",G1:G\(size))", at: at(0, 15))
        return (book, at(0, 15))
    }

    /// 10,000 sums of the same long column, each over one row more.
    private static func sums(_ size: Int) throws -> (FormulaWorkbook, CellAddress) {
        var book = try book()
        for row in 0..<100_000 { try book.set(.number(Double(row)), at: at(row, 0)) }
        for row in 0..<size { try book.setFormula("SUM(A$1:A\(100_000 - row))", at: at(row, 1)) }
        return (book, at(size - 1, 1))
    }

    /// One changed cell of a large workbook.
    private static func again(_ size: Int) throws {
        var (book, check) = try mixed(size)
        try book.calculate(surroundings)
        try book.set(.number(3), at: at(5, 1))
        try book.calculate(surroundings)
        let start = seconds()
        try book.set(.number(4), at: at(5, 1))
        let count = try book.calculate(surroundings)
        print(
            "{\"calculate_s\":\(seconds() - start),\"formulas\":\(count),\"check\":\"\(book.value(at: check).text)\"}")
    }

    /// Lines `!A1 value` set cells (`'text`, `=formula`, a number, TRUE), others are formulas whose value is printed.
    private static func evaluateLines() throws {
        var cells: [(CellAddress, String)] = []
        while let line = readLine() {
            if line.hasPrefix("!"), let space = line.firstIndex(of: " ") {
                let name = String(line[line.index(after: line.startIndex)..<space])
                guard let position = CellPosition(name) else { continue }
                cells.append((at(position.row, position.column), String(line[line.index(after: space)...])))
                continue
            }
            var book = try book()
            for (address, text) in cells {
                if text.hasPrefix("=") {
                    try book.setFormula(text, at: address)
                } else if text.hasPrefix("'") {
                    try book.set(.text(String(text.dropFirst())), at: address)
                } else {
                    try book.set(Double(text).map { .number($0) } ?? .boolean(text == "TRUE"), at: address)
                }
            }
            do {
                try book.setFormula(line, at: at(99, 25))
                try book.calculate(surroundings)
                let value = book.value(at: at(99, 25))
                print("\(line)\t\(value.text)\t\(value.isText ? "t" : "n")")
            } catch { print("\(line)\t!! \(error)\te") }
        }
    }
}
