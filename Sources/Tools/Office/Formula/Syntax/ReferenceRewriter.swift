/// A change of a workbook's structure that references must follow.
package enum StructureChange: Sendable, Hashable {
    /// `count` rows before row `at` (from 0); below zero: as many rows from `at` on go.
    case rows(sheet: String, at: Int, count: Int)
    case columns(sheet: String, at: Int, count: Int)
    case renamed(sheet: String, to: String)
    case deleted(sheet: String)

    /// Where a row of the sheet that changes lies afterwards; `nil`: it is gone.
    package static func moved(_ line: Int, at: Int, count: Int) -> Int? {
        if count >= 0 { return line >= at ? line + count : line }
        if line < at { return line }
        return line < at - count ? nil : line + count
    }

    /// Where a range of rows lies afterwards, as far as it is still there.
    package static func moved(_ lines: ClosedRange<Int>, at: Int, count: Int) -> ClosedRange<Int>? {
        if count >= 0 {
            // A range grows with rows within it.
            let first = lines.lowerBound >= at ? lines.lowerBound + count : lines.lowerBound
            let last = lines.upperBound >= at ? lines.upperBound + count : lines.upperBound
            return first...last
        }
        let end = at - count
        let first = lines.lowerBound < at ? lines.lowerBound : max(at, lines.lowerBound + count)
        let last = lines.upperBound < at ? lines.upperBound : lines.upperBound < end ? at - 1 : lines.upperBound + count
        return first <= last ? first...last : nil
    }
}

/// Rewrites the references of a formula's text and leaves everything else as it was written.
package struct ReferenceRewriter {
    private let change: StructureChange
    /// The sheet that the formula stands in; references without a sheet are to it.
    private let own: String
    private var text: [UInt8]
    private var at = 0
    private var out: [UInt8] = []

    /// `nil`: nothing in the formula changes.
    package static func rewrite(_ formula: String, onSheet own: String, _ change: StructureChange) -> String? {
        var rewriter = ReferenceRewriter(change: change, own: own, text: Array(formula.utf8))
        rewriter.run()
        let result = String(decoding: rewriter.out, as: UTF8.self)
        return result == formula ? nil : result
    }

    private init(change: StructureChange, own: String, text: [UInt8]) {
        self.change = change
        self.own = own
        self.text = text
    }

    private mutating func run() {
        while at < text.count {
            switch text[at] {
            case UInt8(ascii: "\""): copyQuoted(UInt8(ascii: "\""))
            case UInt8(ascii: "["): copyBrackets()
            case UInt8(ascii: "'"): quotedSheet()
            case let byte where Self.isWord(byte): word()
            default:
                out.append(text[at])
                at += 1
            }
        }
    }

    /// A text, in which the quote is doubled.
    private mutating func copyQuoted(_ quote: UInt8) {
        let end = endOfQuoted(quote)
        out += text[at..<end]
        at = end
    }

    private func endOfQuoted(_ quote: UInt8) -> Int {
        var end = at + 1
        while end < text.count {
            if text[end] == quote {
                guard end + 1 < text.count, text[end + 1] == quote else { return end + 1 }
                end += 1
            }
            end += 1
        }
        return end
    }

    /// Columns of a table, or a workbook: `[1]Sheet1!A1` belongs to another file.
    private mutating func copyBrackets() {
        var depth = 0
        let start = at
        repeat {
            if text[at] == UInt8(ascii: "'"), depth > 0, at + 1 < text.count { at += 1 }
            if text[at] == UInt8(ascii: "[") { depth += 1 }
            if text[at] == UInt8(ascii: "]") { depth -= 1 }
            at += 1
        } while at < text.count && depth > 0
        out += text[start..<at]
        // What follows belongs to the other file.
        guard start == 0 || !Self.isWord(text[start - 1]) else { return }
        let rest = at
        while at < text.count, Self.isWord(text[at]) { at += 1 }
        if at < text.count, text[at] == UInt8(ascii: "!") {
            at += 1
            copyReference()
        }
        out += text[rest..<at]
    }

    private mutating func copyReference() {
        while at < text.count, Self.isWord(text[at]) || text[at] == UInt8(ascii: ":") { at += 1 }
    }

    private mutating func quotedSheet() {
        let end = endOfQuoted(UInt8(ascii: "'"))
        guard end < text.count, text[end] == UInt8(ascii: "!") else {
            out += text[at..<end]
            at = end
            return
        }
        let name = String(decoding: text[at + 1..<end - 1], as: UTF8.self)
        let start = at
        at = end + 1
        if name.contains("[") {
            let rest = start
            copyReference()
            out += text[rest..<at]
        } else {
            reference(
                sheet: name.split(separator: "''", omittingEmptySubsequences: false).joined(separator: "'"), from: start
            )
        }
    }

    private mutating func word() {
        let start = at
        while at < text.count, Self.isWord(text[at]) { at += 1 }
        if at < text.count, text[at] == UInt8(ascii: "!") {
            let name = String(decoding: text[start..<at], as: UTF8.self)
            at += 1
            reference(sheet: name, from: start)
            return
        }
        if at < text.count, text[at] == UInt8(ascii: "(") || text[at] == UInt8(ascii: "[") {
            out += text[start..<at]
            return
        }
        at = start
        reference(sheet: nil, from: start)
    }

    /// What stands after the sheet's name, or alone: a cell, a range, or a name.
    private mutating func reference(sheet: String?, from start: Int) {
        let body = at
        while at < text.count, Self.isWord(text[at]) { at += 1 }
        let first = text[body..<at]
        var second: ArraySlice<UInt8>?
        if at < text.count, text[at] == UInt8(ascii: ":") {
            var end = at + 1
            while end < text.count, Self.isWord(text[end]) { end += 1 }
            // `A1:INDEX(…)` and `A1:Sheet2!B2` are two operands.
            let isOperand = end < text.count && (text[end] == UInt8(ascii: "(") || text[end] == UInt8(ascii: "!"))
            if end > at + 1, !isOperand {
                second = text[at + 1..<end]
                at = end
            }
        }
        let isTarget = (sheet ?? own).lowercased() == changedSheet.lowercased()
        guard isTarget else {
            out += text[start..<at]
            return
        }
        switch change {
        case .renamed(_, let name):
            if sheet != nil { out += Array(CellName.sheet(name).utf8) + [UInt8(ascii: "!")] }
            out += text[body..<at]
        case .deleted: out += sheet == nil ? Array(text[start..<at]) : Array("#REF!".utf8)
        case .rows(_, let line, let count): shift(start, body, first, second, rows: true, line, count)
        case .columns(_, let line, let count): shift(start, body, first, second, rows: false, line, count)
        }
    }

    private var changedSheet: String {
        switch change {
        case .rows(let sheet, _, _), .columns(let sheet, _, _), .renamed(let sheet, _), .deleted(let sheet): sheet
        }
    }

    private mutating func shift(
        _ start: Int, _ body: Int, _ first: ArraySlice<UInt8>, _ second: ArraySlice<UInt8>?, rows: Bool, _ line: Int,
        _ count: Int
    ) {
        guard let one = Corner(first), second == nil ? one.isCell : true,
            let two = second.map({ Corner($0) }) ?? one, one.hasRow == two.hasRow, one.hasColumn == two.hasColumn
        else {
            out += text[start..<at]
            return
        }
        guard rows ? one.hasRow : one.hasColumn else {
            out += text[start..<at]
            return
        }
        let (low, high) = rows ? (one.row, two.row) : (one.column, two.column)
        let limit = rows ? SyntaxLimits.rows : SyntaxLimits.columns
        guard let moved = StructureChange.moved(min(low, high)...max(low, high), at: line, count: count),
            moved.upperBound < limit
        else {
            out += Array("#REF!".utf8)
            return
        }
        out += text[start..<body]
        let (newLow, newHigh) =
            low <= high ? (moved.lowerBound, moved.upperBound) : (moved.upperBound, moved.lowerBound)
        out += one.text(line: newLow, rows: rows)
        if second != nil { out += [UInt8(ascii: ":")] + two.text(line: newHigh, rows: rows) }
    }

    /// Letters, digits, `$`, `_`, `.`, `\`, `?`, and everything beyond ASCII.
    private static func isWord(_ byte: UInt8) -> Bool {
        byte >= 0x80 || (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte >= 48 && byte <= 57
            || byte == UInt8(ascii: "$") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "?")
    }
}

/// One end of a reference: `$B$7`, `B`, `7`.
private struct Corner {
    var column = 0
    var row = 0
    var hasColumn = false
    var hasRow = false
    private var columnMark = false
    private var rowMark = false
    private var letters: ArraySlice<UInt8> = []

    var isCell: Bool { hasColumn && hasRow }

    init?(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        var mark = Self.take(&rest)
        let start = rest.startIndex
        while let byte = rest.first, (byte | 0x20) >= 0x61, (byte | 0x20) <= 0x7A {
            column = column * 26 + Int(byte | 0x20) - 96
            guard column <= SyntaxLimits.columns else { return nil }
            rest.removeFirst()
        }
        letters = bytes[start..<rest.startIndex]
        hasColumn = !letters.isEmpty
        column -= 1
        if hasColumn {
            columnMark = mark
            mark = Self.take(&rest)
        }
        if !rest.isEmpty {
            guard rest.first != 48 else { return nil }
            for byte in rest {
                guard byte >= 48, byte <= 57 else { return nil }
                row = row * 10 + Int(byte) - 48
                guard row <= SyntaxLimits.rows else { return nil }
            }
            hasRow = true
            rowMark = mark
            row -= 1
        } else if mark, hasColumn {
            return nil
        }
        guard hasColumn || hasRow else { return nil }
    }

    private static func take(_ rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.first == UInt8(ascii: "$") else { return false }
        rest.removeFirst()
        return true
    }

    /// With another row, or another column.
    func text(line: Int, rows: Bool) -> [UInt8] {
        var result: [UInt8] = []
        if hasColumn {
            if columnMark { result.append(UInt8(ascii: "$")) }
            result += rows ? Array(letters) : Array(CellName.letters(line).utf8)
        }
        if hasRow {
            if rowMark { result.append(UInt8(ascii: "$")) }
            result += Array("\((rows ? line : row) + 1)".utf8)
        }
        return result
    }
}
