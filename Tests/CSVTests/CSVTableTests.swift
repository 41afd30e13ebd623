import CSV
import Testing

@Suite(.timeLimit(.minutes(10))) struct CSVTableTests {
    private func table(_ text: String) throws -> CSVTable { try CSVTable(parsing: Array(text.utf8)) }

    @Test func columnsAreTyped() throws {
        let table = try table(
            "City,Rain,Days,Opened,Open\r\nVienna,655.25,120,1952-07-23,yes\r\n\"Graz, Styria\",610,1,2026-03-01,no\r\n"
        )
        #expect(table.columns.map(\.name) == ["City", "Rain", "Days", "Opened", "Open"])
        #expect(table.columns.map(\.type) == [.text, .number, .integer, .date, .boolean])
        #expect(
            table.rows[1] == [.text("Graz, Styria"), .number(610), .integer(1), .date("2026-03-01"), .boolean(false)])
        #expect(!table.truncated)
    }

    @Test(arguments: [
        ("a,b\n1,2\n", ","), ("a;b\n1,5;2\n", ";"), ("a\tb\n1\t2\n", "\t"), ("a|b\n1|2\n", "|"),
        ("sep=;\na;b\n1;2\n", ";"),
        ("a;b\n\"x;y\";2\n", ";"), ("name,note\nx,\"a;b;c\"\ny,\"d;e;f\"\n", ","),
    ]) func delimitersAreFound(text: String, delimiter: String) throws {
        let table = try table(text)
        #expect(table.delimiter == delimiter)
        #expect(table.columns.count == 2)
    }

    @Test func decimalCommasAreRead() throws {
        let table = try table("Ort;Wert;Tag\nWien;1.234,50;01.03.2026\nGraz;7,25;24.12.2025\n")
        #expect(
            table.rows == [
                [.text("Wien"), .number(1234.5), .date("2026-03-01")],
                [.text("Graz"), .number(7.25), .date("2025-12-24")],
            ])
    }

    @Test func groupedNumbersAndIdentifiersAreToldApart() throws {
        let table = try table("id;n;zip\n007;1,234;01090\n008;22,000;02010\n")
        #expect(table.columns.map(\.type)[0] == .text)
        #expect(table.columns.map(\.type)[2] == .text)
        let grouped = try self.table("n,m\n\"1,234\",1e3\n\"22,000\",2.5\n")
        #expect(grouped.rows == [[.integer(1234), .number(1000)], [.integer(22000), .number(2.5)]])
    }

    @Test func slashDatesFollowTheirColumn() throws {
        #expect(try table("d,x\n03/04/2026,1\n13/04/2026,2\n").rows[0][0] == .date("2026-04-03"))
        #expect(try table("d,x\n03/04/2026,1\n03/14/2026,2\n").rows[0][0] == .date("2026-03-04"))
    }

    @Test func encodingsAreRead() throws {
        let text = "Stadt;Größe\nKöln;1\n"
        let expected: [[CSVValue]] = [[.text("Köln"), .integer(1)]]
        let little = text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        let big = text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        let latin = text.unicodeScalars.map { UInt8($0.value) }
        for bytes in [
            Array(text.utf8), [0xEF, 0xBB, 0xBF] + Array(text.utf8), [0xFF, 0xFE] + little, [0xFE, 0xFF] + big, little,
            latin,
        ] {
            let table = try CSVTable(parsing: bytes)
            #expect(table.rows == expected)
            #expect(table.columns[1].name == "Größe")
        }
        #expect(try CSVTable(parsing: Array("a,b\n".utf8) + [0x80, 0x2C, 0x31]).rows == [[.text("€"), .integer(1)]])
    }

    @Test func untidyFilesAreForgiven() throws {
        #expect(
            try table("a,b\n\"x\"\"y\",1\n\"multi\nline\",2\n").rows.map(\.[0]) == [
                .text("x\"y"), .text("multi\nline"),
            ])
        #expect(try table("a,b\r1,2\r3,4").rows == [[.integer(1), .integer(2)], [.integer(3), .integer(4)]])
        #expect(try table("a,b,c\n1,2\n1,2,3,4\n").columns.map(\.name) == ["a", "b", "c", "Column 4"])
        #expect(try table("a,b\n\"open,1\n").rows.count == 1)
        #expect(try table("a,b\n5\" pipe,1\n").rows[0][0] == .text("5\" pipe"))
        #expect(try table("a,a,\n1,2,3\n").columns.map(\.name) == ["a", "a (2)", "Column 3"])
        #expect(try table("1,2\n3,4\n").rows.count == 2)
        #expect(try table("Name,2024,2025\nx,1,2\n").columns.map(\.name) == ["Name", "2024", "2025"])
        #expect(try table("a,b\n\n1,n/a\n,\n2,3\n").rows == [[.integer(1), .empty], [.integer(2), .integer(3)]])
        #expect(try table("n,x\n99999999999999999999999,1\n").rows[0][0] == .text("99999999999999999999999"))
    }

    @Test(arguments: [
        "", "   \n\n", "%PDF-1.7\n…", "PK\u{3}\u{4}rest", "<!DOCTYPE html><html>", "  <html><body>a,b</body>",
        "a,b\u{0}c,d",
        "Dear Ada\nplease find nothing attached to this mail, as I forgot\nBest",
    ]) func whatIsNoTableIsRefused(text: String) {
        let error = #expect(throws: CSVError.self) { try table(text) }
        #expect(error?.code == "csv_invalid")
    }

    @Test func limitsTruncate() throws {
        var limits = CSVLimits()
        limits.rows = 3
        limits.columns = 2
        let table = try CSVTable(parsing: Array("a,b,c\n1,2,3\n1,2,3\n1,2,3\n1,2,3\n".utf8), limits: limits)
        #expect(table.truncated)
        #expect(table.rows.count == 3)
        #expect(table.columns.count == 2)
        limits.bytes = 3
        #expect(throws: CSVError.self) { try CSVTable(parsing: Array("a,b,c".utf8), limits: limits) }
    }

    @Test func arbitraryBytesNeverTrap() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("a1,;\t|\"\n\r .-+eE/:".utf8) + [0xC3, 0xA4, 0xFF, 0x80]
        for _ in 0..<3_000 {
            let bytes = (0..<Int.random(in: 0...60)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            _ = try? CSVTable(parsing: bytes)  // any error will do: only a trap fails
        }
    }
}
