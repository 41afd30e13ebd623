import Domain
import Testing

@Suite(.timeLimit(.minutes(2))) struct StateReducerTests {
    static func fold(_ reducer: StateReducer, _ values: [JSONValue]) -> JSONValue {
        var state: JSONValue = [:]
        for value in values {
            if let path = StatePath("x") { state.write(value, at: path, by: reducer) }
        }
        return state["x"] ?? .null
    }

    @Test(
        arguments: [
            (.replace, [1, 2], 2), (.append, [1, [2, 3], 4], [1, 2, 3, 4]), (.append, ["a"], ["a"]),
            (.merge, [["a": 1, "b": 1], ["b": 2]], ["a": 1, "b": 2]), (.merge, [1, ["a": 1]], ["a": 1]),
            (.union, [["a", "b"], ["b", "c"], "a", "d"], ["a", "b", "c", "d"]), (.sum, [1, 2, 3], 6),
            (.sum, [1, 0.5], 1.5), (.sum, [9_223_372_036_854_775_807, 1], 9_223_372_036_854_775_808.0),
            (.sum, [1, "x"], 1),
            (
                .lastByTime,
                [["at": "2026-01-02T00:00:00Z", "value": 2], ["at": "2026-01-01T00:00:00Z", "value": 1]],
                ["at": "2026-01-02T00:00:00Z", "value": 2]
            ),
            (.lastByTime, [["at": 5, "value": 1], ["at": 6, "value": 2]], ["at": 6, "value": 2]),
            (.lastByTime, [["at": 5, "value": 1], "no time"], ["at": 5, "value": 1]),
        ] as [(StateReducer, [JSONValue], JSONValue)])
    func writtenValuesMeetWhatIsThere(_ reducer: StateReducer, _ values: [JSONValue], _ expected: JSONValue) {
        #expect(Self.fold(reducer, values) == expected)
    }

    @Test func latestValueDoesNotDependOnTheOrderOfArrival() {
        let values: [JSONValue] = [
            ["at": 7, "value": "a"], ["at": 7, "value": "b"], ["at": 3, "value": "z"], ["at": 7, "value": "A"],
        ]
        let results = Set(values.indices.map { Self.fold(.lastByTime, Array(values[$0...] + values[..<$0])) })
        #expect(results == [["at": 7, "value": "b"]])
    }

    @Test(
        arguments: [
            (.sum, "x", true), (.sum, 1, false), (.lastByTime, ["at": "soon", "value": 1], true),
            (.lastByTime, ["at": 1], true), (.lastByTime, ["at": 1, "value": nil], false), (.append, 1, false),
        ] as [(StateReducer, JSONValue, Bool)])
    func valueThatDoesNotFitIsRefused(_ reducer: StateReducer, _ value: JSONValue, _ isRefused: Bool) {
        #expect((reducer.refusal(of: value) != nil) == isRefused)
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:34:56.789Z", 951_827_696_789),
            ("2026-11-21T09:00:00+01:00", 1_795_248_000_000), ("1969-12-31T23:59:59.9Z", -100),
            ("2016-12-31T23:59:60Z", 1_483_228_799_000), ("2026-02-29T00:00:00Z", nil), ("2026-11-21T09:00:00", nil),
            ("2026-11-21", nil), ("2026-13-01T00:00:00Z", nil), ("2026-11-21T24:00:00Z", nil), ("", nil),
            ("2026-11-21T09:00:00Zx", nil), ("2026-11-21T09:00:00.Z", nil), ("2026-11-21T09:00:00+1:00", nil),
        ] as [(String, Int64?)])
    func timesAreReadToTheMillisecond(_ text: String, _ expected: Int64?) {
        #expect(TimeText.milliseconds(text) == expected)
    }
}
