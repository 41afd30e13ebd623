/// From tree to instructions.
struct PatternCompiler {
    let ignoresCase: Bool
    private var program: [Pattern.Instruction] = []

    init(ignoresCase: Bool) { self.ignoresCase = ignoresCase }

    mutating func program(of tree: PatternTree) throws(PatternFault) -> [Pattern.Instruction] {
        try add(.save(0))
        try compile(tree)
        try add(.save(1))
        try add(.match)
        return program
    }

    private mutating func add(_ instruction: Pattern.Instruction) throws(PatternFault) {
        guard program.count < Pattern.mostInstructions else { throw PatternFault("the pattern is too large") }
        program.append(instruction)
    }

    private mutating func compile(_ tree: PatternTree) throws(PatternFault) {
        switch tree {
        case .nothing: break
        case .one(.scalar(let scalar)): try add(.scalar(ignoresCase ? scalar.lowered : scalar))
        case .one(let instruction): try add(instruction)
        case .chain(let parts):
            for part in parts { try compile(part) }
        case .group(let number, let inside):
            try add(.save(number * 2))
            try compile(inside)
            try add(.save(number * 2 + 1))
        case .choice(let branches): try compile(choice: branches[...])
        case .repeated(let inside, let least, let most, let isLazy):
            for _ in 0..<least { try compile(inside) }
            if let most {
                try compile(optional: inside, times: most - least, isLazy: isLazy)
            } else {
                try compile(loop: inside, isLazy: isLazy)
            }
        }
    }

    private mutating func compile(choice branches: ArraySlice<PatternTree>) throws(PatternFault) {
        var ends: [Int] = []
        for (place, branch) in branches.enumerated() {
            guard place < branches.count - 1 else {
                try compile(branch)
                break
            }
            let split = program.count
            try add(.split(0, 0))
            try compile(branch)
            ends.append(program.count)
            try add(.jump(0))
            program[split] = .split(split + 1, program.count)
        }
        for end in ends { program[end] = .jump(program.count) }
    }

    private mutating func compile(loop inside: PatternTree, isLazy: Bool) throws(PatternFault) {
        let split = program.count
        try add(.split(0, 0))
        try compile(inside)
        try add(.jump(split))
        program[split] = isLazy ? .split(program.count, split + 1) : .split(split + 1, program.count)
    }

    private mutating func compile(optional inside: PatternTree, times: Int, isLazy: Bool) throws(PatternFault) {
        var splits: [Int] = []
        for _ in 0..<max(0, times) {
            splits.append(program.count)
            try add(.split(0, 0))
            try compile(inside)
        }
        for split in splits {
            program[split] = isLazy ? .split(program.count, split + 1) : .split(split + 1, program.count)
        }
    }
}
