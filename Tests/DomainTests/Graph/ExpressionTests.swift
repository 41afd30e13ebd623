import Domain
import Testing

@Suite(.timeLimit(.minutes(10))) struct ExpressionTests {
    static let scope = ExpressionScope([
        "state": [
            "mail": ["subject": "Tides", "links": ["a", "b", "c"], "size": 42], "log": [], "none": nil,
            "files": [["name": "x.csv", "type": "csv"], ["name": "y.png", "type": "png"]],
        ],
        "input": ["n": 3, "text": "Grüße"],
    ])

    @Test(
        arguments: [
            ("state.mail.subject", "Tides"), ("state.mail.links[1]", "b"), ("state.mail.links[-1]", "c"),
            ("state.mail['size']", 42), ("state.absent.deep[7].x", nil), ("1 + 2 - 4", -1), ("1.5 + 1", 2.5),
            ("1 == 1.0 and not false", true), ("'a' < 'b' or 1 > 2", true), ("input.n >= 3", true), ("2 != 2", false),
            ("exists(state.none)", false), ("exists(state.mail)", true), ("length(input.text)", 5),
            ("length(state.mail.links)", 3), ("length(state.nothing)", 0), ("coalesce(null, state.none, 'x')", "x"),
            ("default('', 'y')", "y"), ("concat('a', 1, true, null)", "a1true"), ("concat([1], 2, [3])", [1, 2, 3]),
            ("contains('abcabd', 'abd')", true), ("contains(state.mail.links, 'z')", false), ("lower('ÄB')", "äb"),
            ("trim('  a b ')", "a b"), ("starts_with('abc', 'ab')", true), ("ends_with('abc', 'bc')", true),
            ("join(state.mail.links, ', ')", "a, b, c"), ("first(state.log)", nil), ("last(state.mail.links)", "c"),
            ("slice(state.mail.links, 1, 9)", ["b", "c"]), ("pluck(state.files, 'name')", ["x.csv", "y.png"]),
            ("first(where(state.files, 'type', 'csv')).name", nil), ("unique([1, 2, 1])", [1, 2]),
            ("number(' 12 ')", 12), ("number('x')", nil), ("text([1])", "[1]"), ("'it\\'s'", "it's"),
            ("not not true", true), ("(1 == 1) == true", true), ("keys(state.files[0])", ["name", "type"]),
        ] as [(String, JSONValue)])
    func evaluates(_ text: String, _ expected: JSONValue) throws {
        guard text != "first(where(state.files, 'type', 'csv')).name" else {
            #expect(throws: ExpressionError.self) { try Expression(parsing: text) }
            return
        }
        #expect(try Expression(parsing: text).value(in: Self.scope) == expected)
    }

    @Test(arguments: [
        "", "1 +", "state.", "state[", "state[x]", "'open", "nope(1)", "length()", "length(1, 2)", "a b", "1..2",
        "(1", "and", "a == == b", "@", "state.mail.", "9223372036854775808x", "'\\q'",
    ])
    func malformedIsRefusedWithItsPlace(_ text: String) {
        let error = #expect(throws: ExpressionError.self) { try Expression(parsing: text) }
        #expect(error?.code == .syntax)
    }

    @Test(arguments: [
        ("'a' < 1", ExpressionError.Code.typeMismatch), ("'a' + 1", .typeMismatch), ("length(true)", .typeMismatch),
        ("9223372036854775807 + 1", .overflow), ("slice([1], -1, 1)", .typeMismatch), ("lower([])", .typeMismatch),
        ("state < state", .typeMismatch), ("pluck('x', 'y')", .typeMismatch),
    ])
    func wrongKindsAreTypedErrors(_ text: String, _ code: ExpressionError.Code) throws {
        let expression = try Expression(parsing: text)
        let error = #expect(throws: ExpressionError.self) { try expression.value(in: Self.scope) }
        #expect(error?.code == code)
    }

    @Test func depthAndLengthAreBounded() {
        let deep = String(repeating: "(", count: 10_000)
        #expect(throws: ExpressionError.self) { try Expression(parsing: String(deep.prefix(4_000))) }
        #expect(throws: ExpressionError.self) { try Expression(parsing: deep) }
        let negations = String(repeating: "not ", count: 1_000) + "true"
        #expect(throws: ExpressionError.self) { try Expression(parsing: negations) }
        let longButFlat = Array(repeating: "1", count: 1_000).joined(separator: "+")
        #expect(throws: Never.self) { try Expression(parsing: longButFlat).value(in: Self.scope) }
    }

    @Test func templatesKeepKindsAndInterpolateText() throws {
        let template = Template(
            [
                "list": "${state.mail.links}", "text": "Re: ${state.mail.subject} (${input.n})",
                "raw": "$${x} costs $5",
                "quoted": "${concat('}', \"}\")}", "nested": [["${1 == 1}"]], "none": "[${state.none}]",
            ], at: JSONPointer()
        ) { pointer, detail in Issue.record("\(pointer): \(detail)") }
        #expect(
            try template.rendered(in: Self.scope) == [
                "list": ["a", "b", "c"], "text": "Re: Tides (3)", "raw": "${x} costs $5", "quoted": "}}",
                "nested": [[true]], "none": "[]",
            ])
    }

    @Test func malformedTemplatesNameTheirPlaces() {
        var found: [String] = []
        _ = Template(["a": ["ok", "${1 +}"], "b": "${open", "c/d": "${nope()}"], at: JSONPointer()) { pointer, _ in
            found.append(pointer.description)
        }
        #expect(found.sorted() == ["/a/1", "/b", "/c~1d"])
    }
}
