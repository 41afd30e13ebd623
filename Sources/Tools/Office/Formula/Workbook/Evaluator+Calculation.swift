extension Evaluator {
    /// A formula on the stack. Its cells are computed before it, as far as its text tells which; what else it asks for
    /// while it is evaluated comes after.
    private struct Frame {
        let slot: Int
        /// The hint to follow next; past the last: evaluate.
        var hint = 0
        /// Where the search within the hint goes on.
        var column = 0
        var row = 0
        /// Already on the stack further down, there by a hint.
        var isRepeated = false
        var isAsking = false
        /// What its evaluation asked for.
        var wanted: Area?
    }

    /// Gives every formula that needs it a value. How deep they depend on each other does not matter: the stack is a
    /// list. Returns how many were evaluated.
    mutating func calculate() throws(FormulaFailure) -> Int {
        var evaluated = 0
        steps = 0
        for _ in 0..<limits.spillRounds {
            disturbed = []
            // Arrays first: who reads the cells they fill finds them filled.
            for wantsArrays in hasArrays ? [true, false] : [false] {
                for block in store.blocks.indices {
                    var bits = store.blocks[block].dirty
                    while bits != 0 {
                        let slot = block << 6 | bits.trailingZeroBitCount
                        bits &= bits - 1
                        if !store.isDirty(slot) { continue }
                        if wantsArrays, !mayFill(slot) { continue }
                        do { try run(slot, &evaluated) } catch {
                            throw FormulaFailure(.tooCostly, "The formulas need more than \(limits.steps) steps.")
                        }
                    }
                }
            }
            guard store.texts.bytes <= limits.textBytes else {
                throw FormulaFailure(.tooMuchText, "The texts have more than \(limits.textBytes) bytes.")
            }
            guard !disturbed.isEmpty, soilReaders(of: disturbed) else { return evaluated }
        }
        abandon()
        return evaluated
    }

    /// Arrays that keep changing what they are computed from.
    private mutating func abandon() {
        for block in store.blocks.indices {
            var bits = store.blocks[block].dirty
            while bits != 0 {
                let slot = block << 6 | bits.trailingZeroBitCount
                bits &= bits - 1
                circles[slot] = [slot]
                settle(slot, .error(.reference))
            }
        }
    }

    private func mayFill(_ slot: Int) -> Bool {
        guard let place = store.formula(slot) else { return false }
        return modes[slot] == nil ? expressions[place].mayBeArray : modes[slot] != .single
    }

    private mutating func run(_ slot: Int, _ evaluated: inout Int) throws(Stop) {
        var stack: [Frame] = []
        push(slot, isAsking: false, &stack)
        while var frame = stack.last {
            guard store.isDirty(frame.slot) else {
                leave(frame)
                stack.removeLast()
                continue
            }
            if !frame.isAsking, let needed = advance(&frame) {
                try charge(1)
                stack[stack.count - 1] = frame
                push(needed, isAsking: false, &stack)
                continue
            }
            if let wanted = frame.wanted {
                if let needed = nextWanted(wanted, &frame) {
                    stack[stack.count - 1] = frame
                    try demand(needed, &stack)
                    continue
                }
                frame.wanted = nil
            }
            frame.isAsking = true
            setWaiting(frame.slot, true)
            evaluated += 1
            if try finish(frame.slot) {
                leave(frame)
                stack.removeLast()
            } else {
                frame.wanted = pending
                (frame.column, frame.row) = (0, 0)
                stack[stack.count - 1] = frame
            }
        }
    }

    private mutating func push(_ slot: Int, isAsking: Bool, _ stack: inout [Frame]) {
        var frame = Frame(slot: slot)
        frame.isRepeated = store.blocks[slot >> 6].open >> UInt64(slot & 63) & 1 != 0
        frame.isAsking = isAsking
        store.blocks[slot >> 6].open |= 1 << UInt64(slot & 63)
        stack.append(frame)
    }

    private mutating func leave(_ frame: Frame) {
        setWaiting(frame.slot, false)
        if !frame.isRepeated { store.blocks[frame.slot >> 6].open &= ~(1 << UInt64(frame.slot & 63)) }
    }

    private mutating func setWaiting(_ slot: Int, _ isWaiting: Bool) {
        let bit = UInt64(1) << UInt64(slot & 63)
        if isWaiting { store.blocks[slot >> 6].waiting |= bit } else { store.blocks[slot >> 6].waiting &= ~bit }
    }

    private func isWaiting(_ slot: Int) -> Bool { store.blocks[slot >> 6].waiting >> UInt64(slot & 63) & 1 != 0 }

    /// The next cell without a value that the formula's text names.
    private mutating func advance(_ frame: inout Frame) -> Int? {
        guard let place = store.formula(frame.slot) else { return nil }
        let hintCount = expressions[place].hints.count
        guard frame.hint < hintCount else { return nil }
        let own = store.address(frame.slot)
        while frame.hint < hintCount {
            let hint = expressions[place].hints[frame.hint]
            let sheet = hint.sheet < 0 ? own.sheet : hint.sheet
            if let area = hint.node.area(sheet: sheet, row: own.row, column: own.column),
                let slot = store.firstDirty(area, fromColumn: frame.column, fromRow: frame.row, includingOpen: false)
            {
                let found = store.address(slot)
                (frame.column, frame.row) = (found.column, found.row)
                return slot
            }
            frame.hint += 1
            (frame.column, frame.row) = (0, 0)
        }
        return nil
    }

    private func nextWanted(_ area: Area, _ frame: inout Frame) -> Int? {
        guard
            let slot = store.firstDirty(area, fromColumn: frame.column, fromRow: frame.row, includingOpen: true)
        else { return nil }
        let found = store.address(slot)
        (frame.column, frame.row) = (found.column, found.row)
        return slot
    }

    /// The formula on top cannot go on without this cell.
    private mutating func demand(_ slot: Int, _ stack: inout [Frame]) throws(Stop) {
        try charge(1)
        let isOpen = store.blocks[slot >> 6].open >> UInt64(slot & 63) & 1 != 0
        guard isOpen else { return push(slot, isAsking: false, &stack) }
        guard isWaiting(slot), let start = stack.lastIndex(where: { $0.slot == slot && $0.isAsking }) else {
            // It is there because somebody may need it; here it is needed.
            return push(slot, isAsking: true, &stack)
        }
        if let optional = stack[start...].lastIndex(where: { !$0.isAsking }) {
            // One of them is there by its text only and may not need the ones above: ask it.
            while stack.count > optional + 1 { leave(stack.removeLast()) }
            stack[optional].hint = .max
            return
        }
        let circle = stack[start...].map(\.slot)
        while stack.count > start { leave(stack.removeLast()) }
        for slot in Set(circle) {
            circles[slot] = circle
            settle(slot, .error(.reference))
        }
    }

    // MARK: One formula

    /// Evaluates a formula and stores its value; `false`: it waits for `pending`.
    private mutating func finish(_ slot: Int) throws(Stop) -> Bool {
        guard let place = store.formula(slot) else { return true }
        let expression = expressions[place].expression
        let mode = modes[slot] ?? .dynamic
        let own = store.address(slot)
        here.sheet = own.sheet
        here.row = own.row
        here.column = own.column
        here.sheets = expressions[place].sheets
        here.isArray = mode != .single
        here.locals = []
        here.names = 0
        errorSource = nil
        reason = nil
        do {
            let operand = try evaluate(expression, expression.root)
            try store(operand, slot, mode)
        } catch {
            switch error {
            case .pending: return false
            case .exhausted: throw error
            case .error(let problem):
                retract(slot)
                settle(slot, .error(problem))
                explain(slot, problem)
            }
        }
        return true
    }

    /// The formula has this value.
    mutating func settle(_ slot: Int, _ value: CellValue) {
        if !reasons.isEmpty { reasons[slot] = nil }
        if !origins.isEmpty { origins[slot] = nil }
        store.write(slot, value)
        store.clean(slot)
    }

    private mutating func explain(_ slot: Int, _ problem: ErrorValue) {
        if let source = errorSource, source != slot, store.value(source) == .error(problem) {
            origins[slot] = origins[source] ?? source
        } else if let reason, reason.error == problem {
            reasons[slot] = reason.text
        }
    }

    private mutating func store(_ operand: Operand, _ slot: Int, _ mode: FormulaMode) throws(Stop) {
        if let value = try one(operand) {
            if mode == .dynamic || mode == .single {
                if !spills.isEmpty { retract(slot) }
                let value = value.isBlank ? .number(0) : value
                settle(slot, value)
                if case .error(let problem) = value { explain(slot, problem) }
                return
            }
        }
        let source = try matrix(operand)
        switch mode {
        case .single: settle(slot, source[0, 0])
        case .dynamic: try spill(source, slot, rows: source.rows, columns: source.columns)
        case .array(let rows, let columns): try spill(source, slot, rows: rows, columns: columns)
        }
    }
}
