import Foundation
import TestKit
import Testing

/// Holds docs/faults.md to the tests that it names.
@Suite(.timeLimit(.minutes(2))) struct FaultTableTests {
    /// Those that this table answers for.
    private static let faults = Array(1...20) + [40, 41, 45]

    private struct Row {
        let number: Int
        let tests: [String]
    }

    private static func rows(_ text: String) -> [Row] {
        text.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            guard cells.count > 4, let number = Int(cells[1].trimmingCharacters(in: .whitespaces)) else { return nil }
            let names = cells[4].split(separator: "`", omittingEmptySubsequences: false)
            return Row(
                number: number, tests: names.enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) })
        }
    }

    /// `Suite.test` of every test in `folder`.
    private static func tests(in folder: String) throws -> Set<String> {
        var found: Set<String> = []
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) where path.hasSuffix(".swift") {
            let text = try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
            var suite = "", isTest = false
            for line in text.split(separator: "\n") {
                if let match = line.firstMatch(of: /^(?:@Suite.*)?struct (\w+)/) { suite = String(match.1) }
                isTest = isTest || line.contains("@Test")
                if isTest, let match = line.firstMatch(of: /func (\w+)\(/) {
                    found.insert("\(suite).\(match.1)")
                    isTest = false
                }
            }
        }
        return found
    }

    private static func complaints(_ table: String, _ tests: Set<String>) -> [String] {
        let rows = rows(table)
        var found = rows.flatMap { row in
            row.tests.filter { !tests.contains($0) }.map { "fault \(row.number) names '\($0)', which there is not" }
        }
        for fault in faults where rows.filter({ $0.number == fault && !$0.tests.isEmpty }).count != 1 {
            found.append("fault \(fault) has no test")
        }
        return found
    }

    @Test func everyFaultHasItsTest() throws {
        let table = try String(contentsOfFile: "\(Repository.root)/docs/faults.md", encoding: .utf8)
        let tests = try Self.tests(in: "\(Repository.root)/Tests")
        #expect(tests.count > 100)
        #expect(Self.complaints(table, tests) == [])
    }

    @Test func aTestThatIsGoneAndAFaultWithoutOneAreNoticed() throws {
        let table = try String(contentsOfFile: "\(Repository.root)/docs/faults.md", encoding: .utf8)
        let tests = try Self.tests(in: "\(Repository.root)/Tests")
        let gone = table.replacing("twoReapersOneRunOneEpoch", with: "threeReapers")
        #expect(Self.complaints(gone, tests) == ["fault 6 names 'LeaseTests.threeReapers', which there is not"])
        let fewer = table.split(separator: "\n").filter { !$0.hasPrefix("| 17 ") }.joined(separator: "\n")
        #expect(Self.complaints(fewer, tests) == ["fault 17 has no test"])
    }
}
