extension Evaluator {
    /// Functions that evaluate only the arguments they need.
    mutating func evaluate(_ form: Function.Form, _ e: Expression, _ nodes: [Int32]) throws(Stop) -> Operand {
        switch form {
        case .condition: return try condition(e, nodes)
        case .conditions: return try conditions(e, nodes)
        case .selection: return try selection(e, nodes)
        case .choice: return try choice(e, nodes)
        case .ifError: return try instead(e, nodes) { _ in true }
        case .ifNotAvailable: return try instead(e, nodes) { $0 == .notAvailable }
        }
    }

    /// A left-out branch is 0.
    private mutating func branch(_ e: Expression, _ node: Int32) throws(Stop) -> Operand {
        let operand = try evaluate(e, node)
        return operand.isMissing ? .value(.number(0)) : operand
    }

    /// Evaluates what may be an error as a value.
    mutating func caught(_ e: Expression, _ node: Int32) throws(Stop) -> Operand {
        do { return try branch(e, node) } catch {
            guard case .error(let problem) = error else { throw error }
            return .error(problem)
        }
    }

    private mutating func condition(_ e: Expression, _ nodes: [Int32]) throws(Stop) -> Operand {
        let test = try evaluate(e, nodes[0])
        if let value = try one(test) {
            if try flag(value) { return nodes.count > 1 ? try branch(e, nodes[1]) : .boolean(true) }
            return nodes.count > 2 ? try branch(e, nodes[2]) : .boolean(false)
        }
        let yes = nodes.count > 1 ? try caught(e, nodes[1]) : .boolean(true)
        let no = nodes.count > 2 ? try caught(e, nodes[2]) : .boolean(false)
        return try broadcast([test, yes, no]) { evaluator, values throws(Stop) in
            try evaluator.flag(values[0]) ? values[1] : values[2]
        }
    }

    private mutating func conditions(_ e: Expression, _ nodes: [Int32]) throws(Stop) -> Operand {
        guard nodes.count % 2 == 0 else { throw fail(.notAvailable, "IFS needs a value for each condition.") }
        var index = 0
        while index + 1 < nodes.count {
            let test = try evaluate(e, nodes[index])
            guard let value = try one(test) else {
                var operands = [test]
                for node in nodes[(index + 1)...] { operands.append(try caught(e, node)) }
                return try broadcast(operands) { evaluator, values throws(Stop) in
                    for place in stride(from: 0, to: values.count - 1, by: 2) where try evaluator.flag(values[place]) {
                        return values[place + 1]
                    }
                    return .error(.notAvailable)
                }
            }
            if try flag(value) { return try branch(e, nodes[index + 1]) }
            index += 2
        }
        throw fail(.notAvailable, "None of the conditions is true.")
    }

    private mutating func selection(_ e: Expression, _ nodes: [Int32]) throws(Stop) -> Operand {
        let subject = try evaluate(e, nodes[0])
        let hasDefault = nodes.count % 2 == 0
        guard let wanted = try one(subject) else {
            var operands = [subject]
            for node in nodes.dropFirst() { operands.append(try caught(e, node)) }
            return try broadcast(operands) { _, values throws(Stop) in
                for place in stride(from: 1, to: values.count - 1, by: 2)
                where Ordering.compare(values[0], values[place]) == 0 {
                    return values[place + 1]
                }
                return hasDefault ? values[values.count - 1] : .error(.notAvailable)
            }
        }
        if case .error(let error) = wanted { throw .error(error) }
        for index in stride(from: 1, to: nodes.count - 1, by: 2) {
            let value = try first(try evaluate(e, nodes[index]))
            if case .error(let error) = value { throw .error(error) }
            if Ordering.compare(wanted, value) == 0 { return try branch(e, nodes[index + 1]) }
        }
        if hasDefault { return try branch(e, nodes[nodes.count - 1]) }
        throw fail(.notAvailable, "None of the values is \(wanted.text.prefix(40)).")
    }

    private mutating func choice(_ e: Expression, _ nodes: [Int32]) throws(Stop) -> Operand {
        let index = try evaluate(e, nodes[0])
        if let value = try one(index) {
            let place = [Operand].integer(try number(value).rounded(.towardZero))
            guard place >= 1, place < nodes.count else {
                throw fail(.value, "CHOOSE has \(nodes.count - 1) values and was asked for number \(place).")
            }
            return try branch(e, nodes[place])
        }
        var operands = [index]
        for node in nodes.dropFirst() { operands.append(try caught(e, node)) }
        return try broadcast(operands) { evaluator, values throws(Stop) in
            let place = [Operand].integer(try evaluator.number(values[0]).rounded(.towardZero))
            return values.indices.contains(place) && place >= 1 ? values[place] : .error(.value)
        }
    }

    private mutating func instead(_ e: Expression, _ nodes: [Int32], _ isCaught: (ErrorValue) -> Bool) throws(Stop)
        -> Operand
    {
        let operand = try caught(e, nodes[0])
        if let value = try one(operand) {
            guard let error = value.error else { return operand.isReference ? operand : .value(value) }
            if isCaught(error) { return try branch(e, nodes[1]) }
            throw .error(error)
        }
        let other = try caught(e, nodes[1])
        let source = try matrix(operand)
        guard source.values.contains(where: { $0.error.map(isCaught) ?? false }) else { return .matrix(source) }
        return try broadcast([.matrix(source), other]) { _, values throws(Stop) in
            values[0].error.map(isCaught) ?? false ? values[1] : values[0]
        }
    }
}
