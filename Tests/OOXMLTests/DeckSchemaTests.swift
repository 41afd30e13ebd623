import DocumentModel
import Foundation
import TestKit
import Testing

/// `docs/deck.schema.json` says what the model takes, no more and no less.
@Suite(.timeLimit(.minutes(5))) struct DeckSchemaTests {
    private static let schema = Gallery.folder.deletingLastPathComponent().deletingLastPathComponent().appending(
        path: "docs/deck.schema.json")

    /// A deck that gives every member of every type a value.
    private static var everything: Deck {
        var theme = Theme.signal
        theme.name = "Own"
        var deck = Gallery.deck(theme)
        deck.direction = .leftToRight
        deck.slides[2].transition = .push
        deck.slides[2].notes = "n"
        deck.slides[2].content = .bullets(
            title: "T", points: [Point("t", lead: "l", source: 1, level: 1, link: "https://example.org/")])
        deck.slides.append(
            Slide(
                .table(
                    title: "T",
                    table: Table(
                        columns: [.init(header: "h", type: .number, alignment: .end, numberFormat: "0")], rows: [[1]],
                        caption: "c"))))
        deck.slides.append(
            Slide(
                .chart(
                    title: "T",
                    chart: Chart(
                        kind: .combined, title: "t", categories: ["a"],
                        series: [.init(name: "s", values: [1], x: [1], kind: .line, secondaryAxis: true)],
                        categoryAxisTitle: "c", valueAxisTitle: "v", numberFormat: "0", stacked: true, altText: "a"))))
        deck.slides.append(
            Slide(
                .diagram(
                    title: "T",
                    diagram: Diagram(
                        .orgChart, nodes: [.init("a", text: "b", when: "c", children: [.init("d")])], xAxisTitle: "x",
                        yAxisTitle: "y", altText: "a"))))
        return deck
    }

    /// Prints what is wrong: faults of the schema, of the instance, and members that only one of both knows.
    private static let program = """
        import json, sys, jsonschema
        schema, deck = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
        jsonschema.Draft202012Validator.check_schema(schema)
        check = jsonschema.Draft202012Validator(schema)
        for e in check.iter_errors(deck): print('deck', list(e.absolute_path), e.message[:200])
        seen = {}
        def walk(node, value):
            while '$ref' in node: node = schema['$defs'][node['$ref'].split('/')[-1]]
            for option in node.get('oneOf', []):
                v = jsonschema.Draft202012Validator({**option, '$defs': schema['$defs']})
                if v.is_valid(value): walk(option, value)
            if isinstance(value, dict) and 'properties' in node:
                seen.setdefault(id(node), (node, set()))[1].update(value)
                for k, v in value.items(): walk(node['properties'][k], v)
            if isinstance(value, list) and 'items' in node:
                for v in value: walk(node['items'], v)
        walk(schema, deck)
        common = {'notes', 'kicker', 'takeaway', 'transition'}
        for node, keys in seen.values():
            missing = set(node['properties']) - keys
            if 'type' in node['properties'] and 'const' in node['properties']['type']: missing -= common
            if missing: print('unknown to the model', sorted(missing))
        kinds = {o['properties']['type']['const'] for o in schema['$defs']['slide']['oneOf']}
        if kinds != {s['type'] for s in deck['slides']}: print('kinds', kinds)
        for line in open(sys.argv[3]):
            if check.is_valid(json.loads(line)): print('wrongly valid', line)
        """

    @Test func publishedSchemaIsTheModels() async throws {
        #expect(Self.everything.sources.isEmpty == false)
        let invalid = [
            #"{"title": "T", "slides": []}"#, #"{"title": "T", "slides": [{"type": "nope", "title": "T"}]}"#,
            #"{"title": "T", "slides": [{"type": "bullets", "title": "T"}]}"#,
            #"{"title": "T", "theme": "pink", "slides": [{"type": "title", "title": "T"}]}"#,
            #"{"title": "T", "colour": 1, "slides": [{"type": "title", "title": "T"}]}"#,
            #"{"title": "T", "slides": [{"type": "quote", "title": "T", "quote": {}}]}"#,
        ]
        let text = try await OfficeReader.directory { folder in
            let (deck, wrong) = (folder.appending(path: "deck.json"), folder.appending(path: "invalid"))
            try JSONEncoder().encode(Self.everything).write(to: deck)
            try Data(invalid.joined(separator: "\n").utf8).write(to: wrong)
            return try await TestProgram.run([
                Repository.python, "-c", Self.program, Self.schema.path, deck.path, wrong.path,
            ]).text
        }
        #expect(text == "")
    }

    @Test func builtInThemesAreNamed() throws {
        let text = try String(contentsOf: Self.schema, encoding: .utf8)
        for (name, theme) in Theme.builtIn {
            #expect(text.contains("\"\(name)\""))
            let json = #"{"title": "T", "theme": "\#(name)", "slides": [{"type": "title", "title": "T"}]}"#
            #expect(try JSONDecoder().decode(Deck.self, from: Data(json.utf8)).theme == theme)
        }
        let json = #"{"title": "T", "theme": "pink", "slides": [{"type": "title", "title": "T"}]}"#
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Deck.self, from: Data(json.utf8)) }
    }
}
