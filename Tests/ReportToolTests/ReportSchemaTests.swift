import DocumentModel
import FoundationEssentials
import Testing

/// docs/report.schema.json says what the model takes.
@Suite(.timeLimit(.minutes(5))) struct ReportSchemaTests {
    private static let script = """
        import json, sys, copy
        from jsonschema import Draft202012Validator
        schema, report = (json.load(open(path)) for path in sys.argv[1:3])
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema)
        for error in validator.iter_errors(report): print("refused:", error.json_path, error.message[:200])
        used = {}
        def walk(rule, value):
            rule = schema["$defs"][rule["$ref"].split("/")[-1]] if "$ref" in rule else rule
            if "oneOf" in rule:
                fitting = [r for r in rule["oneOf"] if Draft202012Validator({**r, "$defs": schema["$defs"]}).is_valid(value)]
                return walk(fitting[0], value)
            if isinstance(value, dict):
                seen = used.setdefault(json.dumps(sorted(rule["properties"])), set())
                for key, inner in value.items():
                    seen.add(key)
                    walk(rule["properties"][key], inner)
            if isinstance(value, list):
                for inner in value: walk(rule.get("items", {}), inner)
        walk(schema, report)
        for names, seen in used.items():
            missing = set(json.loads(names)) - seen
            if missing: print("never used:", missing, "of", names)
        kinds = {k for r in schema["$defs"]["block"]["oneOf"] for k in r["properties"]["type"].get("enum", [r["properties"]["type"].get("const")])}
        print("kinds not in the sample:", kinds - {b["type"] for b in report["blocks"]})
        for broken in [{"title": ""}, {"blocks": []}, {"colour": 1}, {"blocks": [{"type": "poem"}]}, {"blocks": [{"type": "heading", "text": "x", "level": 4}]}]:
            if validator.is_valid({**report, **broken}): print("not refused:", broken)
        """

    @Test func schemaAndModelTakeTheSame() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/schema-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }  // a left-over harms nothing
        let report = WordFileTests.report()
        #expect(report.validate() == [])
        let bytes = try JSONEncoder().encode(report)
        try bytes.write(to: URL(filePath: folder + "/report.json"))
        #expect(try JSONDecoder().decode(Report.self, from: bytes) == report)
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let text = try await WordFileTests.python(
            Self.script, [root + "/docs/report.schema.json", folder + "/report.json"])
        #expect(text == "kinds not in the sample: set()\n")
    }

    /// The numbers of the schema are the model's bounds.
    @Test func boundsAgree() throws {
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let text = String(
            decoding: try Data(contentsOf: URL(filePath: root + "/docs/report.schema.json")), as: UTF8.self)
        for bound in [
            "\"maxItems\": \(DocumentLimits.blocks), \"items\": { \"$ref\": \"#/$defs/block\"",
            "\"maxItems\": \(DocumentLimits.sources), \"items\": { \"$ref\": \"#/$defs/source\"",
            "\"maxItems\": \(DocumentLimits.tableColumns), \"items\": { \"$ref\": \"#/$defs/column\"",
            "\"maxItems\": \(DocumentLimits.series), \"items\": { \"$ref\": \"#/$defs/series\"",
            "\"rows\": { \"type\": \"array\", \"maxItems\": \(DocumentLimits.tableRows)",
            "\"title\": { \"type\": \"string\", \"minLength\": 1, \"maxLength\": \(DocumentLimits.title) }",
            "\"caption\": { \"type\": \"string\", \"maxLength\": \(DocumentLimits.line) }",
            "\"text\": { \"type\": \"string\", \"minLength\": 1, \"maxLength\": \(DocumentLimits.paragraph) }",
        ] {
            #expect(text.contains(bound), "\(bound)")
        }
    }
}
