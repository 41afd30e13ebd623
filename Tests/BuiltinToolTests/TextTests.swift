import Domain
import Foundation
import Patterns
import TestKit
import Testing
import TextTool
import ToolKit

@Suite(.timeLimit(.minutes(5))) struct TextTests {
    private let bench: Bench

    init() throws { bench = try Bench(TextTools.all) }

    @Test(arguments: [
        ("a+b", "xaab", "aab"), ("(a|ab)(c|bcd)", "abcd", "abcd"), ("a*?b", "aab", "aab"), ("x{2,3}", "xxxx", "xxx"),
        ("^b$", "a\nb", "b"), (#"\bé\w+"#, "x état", "état"), ("[^a-c]+", "abcxyz", "xyz"),
        (#"\d{3}-\d+"#, "12-123-45", "123-45"),
        ("[]a]+", "x]a", "]a"), ("a||b", "b", ""), ("(?:ab)+?", "abab", "ab"), (#"[\d.]+"#, "v1.2", "1.2"),
        ("a{,3}", "a{,3}", "a{,3}"),
    ])
    func patternsMatchAsElsewhere(pattern: String, text: String, match: String) throws {
        var budget = Pattern.Budget()
        let scalars = Array(text.unicodeScalars)
        let found = try #require(try Pattern(pattern).firstMatch(in: scalars, budget: &budget))
        #expect(String(String.UnicodeScalarView(scalars[found.range])) == match)
    }

    @Test(arguments: [
        "(", ")", "a**", "[a", "\\", "(?=a)", "\\1", "a{3,2}", "a{2000}", "*a", "[z-a]", "((((a{100}){100}){100}))",
        String(repeating: "(", count: 60),
    ])
    func patternsThatCannotBeAreRefused(pattern: String) {
        #expect(throws: PatternFault.self) { try Pattern(pattern) }
    }

    @Test func patternsThatHangOthersDoNot() async throws {
        let text = String(repeating: "a", count: 2_000) + "!"
        for pattern in ["(a+)+$", "(a|a)*b", "(a|aa)+$", "(.*a){20}$"] {
            let output = try await bench.call("text.search", ["text": .string(text), "pattern": .string(pattern)])
            #expect(output["matches"] == [])
        }
        var budget = Pattern.Budget(steps: 100_000)
        let long = [Unicode.Scalar](repeating: "a", count: 5_000)
        #expect(throws: PatternFault.self) { try Pattern("(a?){500}b").firstMatch(in: long, budget: &budget) }
    }

    @Test func matchesSayWhere() async throws {
        let output = try await bench.call(
            "text.search", ["text": "x\nKey = 42\ny", "pattern": #"(\w+) = (\d+)"#, "context": 1])
        let match = try #require(output["matches"]?[0])
        #expect(match["groups"] == ["Key", "42"])
        #expect(match["line"] == 2)
        #expect(match["before"] == ["x"])
        #expect(match["after"] == ["y"])
        #expect(
            try await bench.call("text.search", ["text": "aXbx", "find": "x", "case_sensitive": true])["matches"]?
                .array?.count == 1)
    }

    @Test func differencesApplyWithPatch() async throws {
        var seed = SystemRandomNumberGenerator()
        for round in 0..<20 {
            let old = (0..<60).map { _ in "l\(Int.random(in: 0..<12, using: &seed))" }
            let new = old.flatMap { line in
                Int.random(in: 0..<6, using: &seed) == 0
                    ? [] : Int.random(in: 0..<6, using: &seed) == 0 ? [line, "n\(round)"] : [line]
            }
            let text = (old: old.map { $0 + "\n" }.joined(), new: new.map { $0 + "\n" }.joined())
            let output = try await bench.call("text.diff", ["old": .string(text.old), "new": .string(text.new)])
            try bench.put(text.old, "f")
            try bench.put(output["diff"]?.string ?? "", "f.diff")
            let patched = try await TestProgram.run([
                "/usr/bin/python3", "-c", Self.patch, bench.folder.appending(path: "f").path,
                bench.folder.appending(path: "f.diff").path,
            ])
            #expect(patched.text == text.new, "\(output["diff"]?.string ?? "")")
        }
    }

    /// Applies a unified diff strictly: every line of context and of what goes must be there.
    private static let patch = """
        import sys, re
        old = open(sys.argv[1]).read().splitlines(True); out = []; at = 0
        for line in open(sys.argv[2]).read().splitlines(True)[2:]:
            m = re.match(r'@@ -(\\d+)(?:,(\\d+))? ', line)
            if m:
                start = int(m[1]) - (0 if m[2] == '0' else 1)
                out += old[at:start]; at = start
            elif line[0] == '+': out.append(line[1:])
            else:
                assert old[at] == line[1:], (old[at], line)
                if line[0] == ' ': out.append(old[at])
                at += 1
        sys.stdout.write(''.join(out + old[at:]))
        """

    @Test func shortestDifferencesAreFound() {
        let diff = LineDiff(Array("ABCABBA"), Array("CBABAC"))
        #expect(diff.steps.count { if case .same = $0 { true } else { false } } == 4)
        #expect(diff.isExact)
        let far = LineDiff((0..<5_000).map { $0 }, (5_000..<10_000).map { $0 })
        #expect(!far.isExact)
        #expect(far.steps.count == 10_000)
        #expect(LineDiff([Int](), [Int]()).steps.isEmpty)
    }

    @Test func wordsAreCompared() async throws {
        let output = try await bench.call(
            "text.diff", ["old": "The quick fox.", "new": "The slow fox!", "mode": "words"])
        #expect(output["diff"] == "The [-quick-]{+slow+} fox[-.-]{+!+}")
        let same = try await bench.call("text.diff", ["old": "a  b\n", "new": "a b\n", "ignore_space": true])
        #expect(same["identical"] == true)
        #expect(same["diff"] == "")
    }

    @Test func templatesSpeakTheLanguageOfGraphs() async throws {
        let values: JSONValue = ["customer": ["name": "Ann"], "items": [["n": "a"], ["n": "b"]]]
        let output = try await bench.call(
            "text.template",
            ["template": "Dear ${customer.name}: ${join(pluck(items, 'n'), ', ')} $${x}", "values": values])
        #expect(output["result"] == "Dear Ann: a, b ${x}")
        let json = try await bench.call("text.template", ["template": ["list": "${items}"], "values": values])
        #expect(json["result"]?["list"]?.array?.count == 2)
        let fault = await bench.failure("text.template", ["template": "${custmer.name} ${nope(", "values": values])
        #expect(fault?.code == "template_invalid")
        #expect(
            await bench.failure("text.template", ["template": "${custmer}", "values": values])?.message.contains(
                "custmer") == true)
        try await bench.call(
            "text.template",
            ["template": "x ${customer.name}", "values": values, "save_to": "out.txt", "publish": true])
        #expect(try bench.text("out.txt") == "x Ann")
    }

    @Test func thingsAreExtracted() async throws {
        let text = """
            Write to Ann.Lee+x@Example.co.uk or bad@@x, see (https://example.org/a_(b)?x=1). Also www.test.de!
            Due 01.03.2026, 2026-04-05, March 7, 2026, 8. Mai 2026, 3/4/2026, 31/12/2026, 32.13.2026.
            Pay 1.234,56 EUR, € 99, $1,200.50 or CHF 7'500.00; call +49 (0)30 1234-567.
            """
        let items = try await bench.call("text.extract", ["text": .string(text)])["items"]?.array ?? []
        func values(_ kind: String) -> [String] {
            items.filter { $0["kind"]?.string == kind }.compactMap { $0["value"]?.string }
        }
        #expect(values("email") == ["ann.lee+x@example.co.uk"])
        #expect(values("url") == ["https://example.org/a_(b)?x=1", "https://www.test.de"])
        #expect(values("date") == ["2026-03-01", "2026-04-05", "2026-03-07", "2026-05-08", "2026-03-04", "2026-12-31"])
        #expect(items.filter { $0["ambiguous"] == true }.count == 1)
        #expect(values("amount") == ["1234.56", "99", "1200.50", "7500.00"])
        #expect(items.compactMap { $0["currency"]?.string } == ["EUR", "EUR", "USD", "CHF"])
        #expect(values("phone") == ["+490301234567"])
        let day = try await bench.call("text.extract", ["text": "3/4/2026", "kinds": ["dates"], "day_first": true])
        #expect(day["items"]?[0]?["value"] == "2026-04-03")
    }

    @Test func hostileTextsEnd() async throws {
        for text in [
            String(repeating: "a@", count: 5_000), String(repeating: "1.", count: 5_000),
            String(repeating: "http://", count: 2_000), "\u{0}\u{FFFD}",
        ] {
            let output = try? await bench.call("text.extract", ["text": .string(text)])
            let failure = output == nil ? await bench.failure("text.extract", ["text": .string(text)]) : nil
            #expect(output != nil || failure?.kind == .invalidInput)
        }
    }
}
