/// Reading what each type of node does.
extension GraphReader {
    mutating func readWork(
        _ shape: NodeShape, _ members: [String: JSONValue], _ source: NodeSource, _ node: GraphNode
    ) -> GraphNode.Work? {
        let pointer = source.pointer
        switch shape {
        case .tool: return readTool(members, source)
        case .model: return readModel(members, source)
        case .choice: return readChoice(members, source).map { .choice($0) }
        case .forEach: return readForEach(members, source).map { .forEach($0) }
        case .parallel: return readParallel(members, source, node).map { .parallel($0) }
        case .subgraph: return readSubgraph(members, source).map { .subgraph($0) }
        case .set: return readSet(members, source).map { .set($0) }
        case .wait: return readWait(members, source).map { .wait(Wait(condition: $0)) }
        case .approval:
            guard let title = readTitle(members, source) else { return nil }
            return .approval(
                Approval(
                    title: title, detail: template(members["detail"] ?? "", pointer.appending("detail"), source),
                    arguments: members["arguments"].map { template($0, pointer.appending("arguments"), source) },
                    onReject: jump(members["on_reject"], pointer.appending("on_reject"), source),
                    timeoutSeconds: node.timeoutSeconds))
        case .end: return .end(template(members["output"] ?? .null, pointer.appending("output"), source))
        }
    }

    private mutating func readTool(_ members: [String: JSONValue], _ source: NodeSource) -> GraphNode.Work? {
        let pointer = source.pointer
        guard let tool = requiredText(members, "tool", pointer) else { return nil }
        let input = template(members["input"] ?? [:], pointer.appending("input"), source)
        return .tool(
            ToolCallPlan(tool: tool, input: input, approval: readApproval(of: tool, members["approve"], source)))
    }

    /// `true`, `"risk"` (only where the tool changes something), or {title?, detail?, timeout_seconds?, on_reject?}.
    private mutating func readApproval(of tool: String, _ value: JSONValue?, _ source: NodeSource) -> Approval? {
        guard let value, value != .null, value != false else { return nil }
        let pointer = source.pointer.appending("approve")
        var approval = Approval(
            title: .value(.string("Call \(tool)")), detail: .value(""), arguments: nil, onReject: nil,
            timeoutSeconds: nil)
        if value == true { return approval }
        if value == "risk" {
            approval.isForEffects = true
            return approval
        }
        guard let members = value.object else {
            fault(pointer, "true, \"risk\" or an object is expected")
            return nil
        }
        unknown(members, pointer, allowed: ["title", "detail", "timeout_seconds", "on_reject"])
        if let title = members["title"] { approval.title = template(title, pointer.appending("title"), source) }
        if let detail = members["detail"] { approval.detail = template(detail, pointer.appending("detail"), source) }
        approval.timeoutSeconds = number(members, "timeout_seconds", pointer, 1...GraphLimits.waitSeconds)
        approval.onReject = jump(members["on_reject"], pointer.appending("on_reject"), source)
        return approval
    }

    private mutating func readTitle(_ members: [String: JSONValue], _ source: NodeSource) -> Template? {
        guard let text = requiredText(members, "title", source.pointer) else { return nil }
        return template(.string(text), source.pointer.appending("title"), source)
    }

    private mutating func readModel(_ members: [String: JSONValue], _ source: NodeSource) -> GraphNode.Work? {
        let pointer = source.pointer
        guard let messages = members["messages"] else {
            fault(pointer, "'messages' is missing")
            return nil
        }
        return .model(
            ModelCallPlan(
                messages: template(messages, pointer.appending("messages"), source),
                maxTokens: number(members, "max_tokens", pointer, 1...1_000_000),
                responseFormat: members["response_format"].map {
                    template($0, pointer.appending("response_format"), source)
                }))
    }

    private mutating func readWait(_ members: [String: JSONValue], _ source: NodeSource) -> Wait.Condition? {
        let pointer = source.pointer
        let given = ["signal", "until", "for_seconds"].filter { members[$0] != nil }
        guard given.count == 1, let kind = given.first, let value = members[kind] else {
            fault(pointer, "a wait has one of 'signal', 'until' and 'for_seconds'")
            return nil
        }
        let place = pointer.appending(kind)
        switch kind {
        case "signal":
            guard let signal = requiredText(members, "signal", pointer) else { return nil }
            if !Self.isSignal(signal) {
                fault(place, "a signal's name is letters, digits, '_', '-' and '.', at most 64, not 'effect.…'")
            }
            return .signal(signal)
        case "until":
            if let text = value.string, !text.contains("${"), TimeText.milliseconds(text) == nil {
                fault(place, "a time is RFC 3339 text or milliseconds since 1970")
            }
            return .until(template(value, place, source))
        default:
            if let whole = value.int, !(0...Int64(GraphLimits.waitSeconds)).contains(whole) {
                fault(place, "a wait takes at most \(GraphLimits.waitSeconds) seconds")
            }
            return .duration(template(value, place, source))
        }
    }

    private mutating func readChoice(_ members: [String: JSONValue], _ source: NodeSource) -> Choice? {
        let pointer = source.pointer.appending("cases")
        guard let items = members["cases"]?.array, (1...GraphLimits.cases).contains(items.count) else {
            fault(pointer, "a list of 1 to \(GraphLimits.cases) cases is expected")
            return nil
        }
        var cases: [Choice.Case] = []
        for (index, item) in items.enumerated() {
            let place = pointer.appending(index)
            guard let members = item.object else {
                fault(place, "a case is an object with 'when' and 'next'")
                continue
            }
            unknown(members, place, allowed: ["when", "next"])
            guard let condition = expression(members["when"], place.appending("when"), source),
                let next = reference(members["next"] ?? .null, place.appending("next"))
            else { continue }
            cases.append(Choice.Case(condition: condition, next: next))
        }
        guard let fallback = reference(members["default"] ?? .null, source.pointer.appending("default")) else {
            return nil
        }
        return Choice(cases: cases, fallback: fallback)
    }

    private mutating func readSubgraph(_ members: [String: JSONValue], _ source: NodeSource) -> Subgraph? {
        let pointer = source.pointer.appending("graph")
        guard let graph = members["graph"] else {
            fault(source.pointer, "'graph' is missing")
            return nil
        }
        let input = template(members["input"] ?? [:], source.pointer.appending("input"), source)
        if graph["nodes"] == nil, graph["start"] == nil {
            guard let reference = GraphReference(graph) else {
                fault(pointer, "a graph, or {\"slug\"} or {\"id\"} of one with an optional 'version', is expected")
                return nil
            }
            return Subgraph(reference: reference, start: "", reducers: [:], input: input)
        }
        guard let inner = readInner(graph, of: source.id, at: pointer) else { return nil }
        return Subgraph(reference: nil, start: inner.start, reducers: inner.reducers, input: input)
    }

    private mutating func readSet(_ members: [String: JSONValue], _ source: NodeSource) -> [Assignment]? {
        let pointer = source.pointer.appending("values")
        guard let values = members["values"]?.object, !values.isEmpty else {
            fault(pointer, "an object of state paths and values is expected")
            return nil
        }
        var assignments: [Assignment] = []
        for (text, value) in values.sorted(by: { $0.key < $1.key }) {
            guard let path = statePath(.string(text), pointer.appending(text)) else { continue }
            assignments.append(Assignment(path: path, value: template(value, pointer.appending(text), source)))
        }
        return assignments
    }
}
