import Domain
import FoundationEssentials

/// Deltas as JSON text, the same that `JSONEncoder` makes of them with sorted keys, and back. What a run does all the
/// time is written straight into bytes; the rest goes by `Codable`.
extension RunChange {
    /// A delta, ready to be stored. Throws for numbers that are not finite.
    package static func encode(_ changes: [RunChange]) throws -> [UInt8] {
        var writer = JSONWriter(capacity: 64 * (changes.count + 1))
        writer.raw("[")
        for (index, change) in changes.enumerated() {
            if index > 0 { writer.raw(",") }
            try change.write(to: &writer)
        }
        writer.raw("]")
        return writer.bytes
    }

    /// Reads a delta. Throws `DecodingError` for what no version of the platform has written.
    package static func decode(_ bytes: some Sequence<UInt8>) throws -> [RunChange] {
        let value = try JSONValue(parsing: bytes)
        guard let items = value.array else { return try value.decode([RunChange].self) }
        return try items.map { item in
            guard let members = item.object, members.count == 1, let (name, fields) = members.first,
                let change = known(name, fields)
            else { return try item.decode(RunChange.self) }
            return change
        }
    }

    // MARK: Writing

    private func write(to writer: inout JSONWriter) throws {
        switch self {
        case .began: writer.raw("{\"began\":{}}")
        case .visited(let strand, let step): writer.pair("visited", "step", step, "strand", strand)
        case .joined(let strand, let open): writer.pair("joined", "open", open, "strand", strand)
        case .moved(let strand, let node):
            writer.raw("{\"moved\":{\"node\":")
            writer.string(node)
            writer.last("strand", strand)
        case .opened(let id, let strand) where strand.activity == .ready:
            writer.raw("{\"opened\":{\"_1\":")
            writer.ready(strand)
            writer.last("strand", id)
        case .called(let job) where job.doubt == nil:
            writer.raw("{\"called\":{\"_0\":")
            writer.job(job)
            writer.raw("}}")
        case .wrote(let path, let reducer, let value):
            writer.raw("{\"wrote\":{\"_0\":")
            try writer.written(path, reducer, value)
            writer.raw("}}")
        case .wroteInside(let frame, let path, let reducer, let value):
            writer.raw("{\"wroteInside\":{\"_1\":")
            writer.string(path.description)
            writer.raw(",\"_2\":")
            writer.string(reducer.rawValue)
            writer.raw(",\"_3\":")
            try writer.value(value)
            writer.last("frame", frame)
        case .itemSucceeded(let strand, let index, let output):
            writer.raw("{\"itemSucceeded\":{\"index\":")
            writer.int(index)
            writer.raw(",\"output\":")
            try writer.value(output)
            writer.last("strand", strand)
        case .closed(let step): writer.single("closed", "step", step)
        case .ended(let strand): writer.single("ended", "strand", strand)
        case .became(let status):
            writer.raw("{\"became\":{\"_0\":")
            writer.string(status.rawValue)
            writer.raw("}}")
        case .finished(let status, let output, nil):
            writer.raw("{\"finished\":{\"_0\":")
            writer.string(status.rawValue)
            if let output {
                writer.raw(",\"output\":")
                try writer.value(output)
            }
            writer.raw("}}")
        default: writer.raw(try Self.encoder.encode(self))
        }
    }

    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    // MARK: Reading

    /// `nil` for what is left to `Codable`.
    private static func known(_ name: String, _ fields: JSONValue) -> RunChange? {
        switch name {
        case "began": return .began
        case "visited":
            guard let strand = fields.whole("strand"), let step = fields.whole("step") else { return nil }
            return .visited(strand: strand, step: step)
        case "moved":
            guard let strand = fields.whole("strand"), let node = fields["node"]?.string else { return nil }
            return .moved(strand: strand, node: node)
        case "joined":
            guard let strand = fields.whole("strand"), let open = fields.whole("open") else { return nil }
            return .joined(strand: strand, open: open)
        case "called": return fields["_0"].flatMap(OpenJob.init(plain:)).map { .called($0) }
        case "wrote":
            guard let path = fields["_0"]?.string.flatMap(StatePath.init),
                let reducer = fields["_1"]?.string.flatMap(StateReducer.init), let value = fields["_2"]
            else { return nil }
            return .wrote(path, reducer, value)
        case "itemSucceeded":
            guard let strand = fields.whole("strand"), let index = fields.whole("index"), let output = fields["output"]
            else { return nil }
            return .itemSucceeded(strand: strand, index: index, output: output)
        case "closed": return fields.whole("step").map { .closed(step: $0) }
        case "ended": return fields.whole("strand").map { .ended(strand: $0) }
        case "became": return fields["_0"]?.string.flatMap(RunStatus.init).map { .became($0) }
        default: return nil
        }
    }
}

extension OpenJob {
    /// A call as it is planned; `nil` where something is known of its outcome already.
    fileprivate init?(plain json: JSONValue) {
        guard json["doubt"] == nil, let step = json.whole("step"), let strand = json.whole("strand"),
            let node = json["node"]?.string, let kind = json["kind"]?.string.flatMap(JobKind.init),
            let tool = json["tool"]?.string, let failures = json.whole("failures"), let repeats = json.whole("repeats")
        else { return nil }
        self.init(
            step: step, strand: strand, node: node, item: json.whole("item"), kind: kind, tool: tool,
            failures: failures, repeats: repeats, reconciles: json.whole("reconciles"),
            compensates: json.whole("compensates"))
    }
}

extension JSONValue {
    fileprivate func whole(_ name: String) -> Int? { self[name]?.int.flatMap { Int(exactly: $0) } }
}

extension JSONWriter {
    fileprivate mutating func single(_ name: StaticString, _ member: StaticString, _ value: Int) {
        raw("{\"")
        raw(name)
        raw("\":{\"")
        raw(member)
        raw("\":")
        int(value)
        raw("}}")
    }

    fileprivate mutating func pair(
        _ name: StaticString, _ first: StaticString, _ one: Int, _ second: StaticString, _ two: Int
    ) {
        raw("{\"")
        raw(name)
        raw("\":{\"")
        raw(first)
        raw("\":")
        int(one)
        last(second, two)
    }

    /// The last member of a change, and the change's end.
    fileprivate mutating func last(_ member: StaticString, _ value: Int) {
        self.member(member, value)
        raw("}}")
    }

    private mutating func member(_ name: StaticString, _ value: Int?) {
        guard let value else { return }
        raw(",\"")
        raw(name)
        raw("\":")
        int(value)
    }

    fileprivate mutating func written(_ path: StatePath, _ reducer: StateReducer, _ value: JSONValue) throws {
        string(path.description)
        raw(",\"_1\":")
        string(reducer.rawValue)
        raw(",\"_2\":")
        try self.value(value)
    }

    fileprivate mutating func ready(_ strand: Strand) {
        raw("{\"activity\":{\"ready\":{}}")
        member("due", strand.due.map { Int($0) })
        member("failures", strand.failures)
        member("frame", strand.frame)
        member("item", strand.item)
        raw(",\"node\":")
        string(strand.node)
        member("parent", strand.parent)
        member("step", strand.step)
        if let stop = strand.stop {
            raw(",\"stop\":")
            string(stop)
        }
        raw("}")
    }

    fileprivate mutating func job(_ job: OpenJob) {
        raw("{")
        if let compensates = job.compensates {
            raw("\"compensates\":")
            int(compensates)
            raw(",")
        }
        raw("\"failures\":")
        int(job.failures)
        member("item", job.item)
        raw(",\"kind\":")
        string(job.kind.rawValue)
        raw(",\"node\":")
        string(job.node)
        member("reconciles", job.reconciles)
        member("repeats", job.repeats)
        member("step", job.step)
        member("strand", job.strand)
        raw(",\"tool\":")
        string(job.tool)
        raw("}")
    }
}
