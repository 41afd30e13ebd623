/// A function of formulas.
struct Function: Sendable {
    /// What happens to an argument before the function sees it.
    enum Parameter: Character, Sendable {
        /// One number; given several, the function is computed for each. Texts are read, blanks are 0.
        case number = "n"
        case text = "t"
        case boolean = "b"
        /// One value of any type.
        case scalar = "s"
        /// As it comes: a value, a reference or an array.
        case raw = "r"
        /// As it comes, computed as an array.
        case array = "a"

        var isSingle: Bool { self != .raw && self != .array }
    }

    struct Traits: OptionSet, Sendable {
        let rawValue: UInt8
        /// Computed anew each time.
        static let volatile = Traits(rawValue: 1)
        /// Its result may be an array.
        static let array = Traits(rawValue: 2)
        /// Its result may be a reference.
        static let reference = Traits(rawValue: 4)
        /// Errors among its single arguments are its own business.
        static let takesErrors = Traits(rawValue: 8)
        /// Came after 2007: `_xlfn.` in files.
        static let later = Traits(rawValue: 16)
        /// `_xlfn._xlws.` in files.
        static let worksheet = Traits(rawValue: 32)
        /// Left out of SUBTOTAL and AGGREGATE.
        static let subtotal = Traits(rawValue: 64)
        /// Computed with cells that no reading of the formula finds.
        static let dynamic = Traits(rawValue: 128)
    }

    typealias Body = @Sendable (inout Evaluator, [Operand]) throws(Stop) -> Operand

    enum Kind: Sendable {
        case one(@Sendable (Double) throws(Stop) -> Double)
        case two(@Sendable (Double, Double) throws(Stop) -> Double)
        case general(Body)
        /// Evaluates its arguments itself.
        case form(Form)
    }

    /// Functions that leave some of their arguments alone.
    enum Form: Sendable {
        case condition, conditions, selection, choice, ifError, ifNotAvailable
    }

    let name: String
    let arguments: ClosedRange<Int>
    private let head: [Parameter]
    /// Repeats after the head.
    private let tail: [Parameter]
    let traits: Traits
    let kind: Kind

    /// `parameters` has a letter each; the last one, or what stands in brackets at the end, repeats.
    private init(_ name: String, _ arguments: ClosedRange<Int>, _ parameters: String, _ traits: Traits, _ kind: Kind) {
        self.name = name
        self.arguments = arguments
        let parts = parameters.split(separator: "(")
        let first = parameters.hasPrefix("(") ? [] : (parts.first ?? "").compactMap(Parameter.init)
        let last = parameters.hasSuffix(")") ? (parts.last ?? "").compactMap(Parameter.init) : []
        head = first
        tail = last.isEmpty ? [first.last ?? .scalar] : last
        self.traits = traits
        self.kind = kind
    }

    func parameter(_ index: Int) -> Parameter {
        index < head.count ? head[index] : tail[(index - head.count) % tail.count]
    }

    var givesReference: Bool { traits.contains(.reference) }

    var arity: String {
        let (low, high) = (arguments.lowerBound, arguments.upperBound)
        if low == high { return "\(low)" }
        return high == SyntaxLimits.arguments ? "at least \(low)" : "\(low) to \(high)"
    }

    var filePrefix: String {
        traits.contains(.worksheet) ? "_xlfn._xlws." : traits.contains(.later) ? "_xlfn." : ""
    }

    static func one(
        _ name: String, _ traits: Traits = [], _ body: @escaping @Sendable (Double) throws(Stop) -> Double
    ) -> Function { Function(name, 1...1, "n", traits, .one(body)) }

    static func two(
        _ name: String, _ traits: Traits = [], _ body: @escaping @Sendable (Double, Double) throws(Stop) -> Double
    ) -> Function { Function(name, 2...2, "n", traits, .two(body)) }

    static func call(
        _ name: String, _ arguments: ClosedRange<Int>, _ parameters: String, _ traits: Traits = [],
        _ body: @escaping Body
    ) -> Function { Function(name, arguments, parameters, traits, .general(body)) }

    static func form(_ name: String, _ arguments: ClosedRange<Int>, _ form: Form, _ traits: Traits = []) -> Function {
        Function(name, arguments, "s", traits, .form(form))
    }
}

/// All functions by name.
package struct FunctionTable: Sendable {
    package static let shared = FunctionTable()

    private let functions: [Function]
    private let places: [String: Int32]

    private init() {
        let groups: [[Function]] = [
            MathFunctions.all, RoundingFunctions.all, NumberTheoryFunctions.all, MatrixFunctions.all,
            AggregateFunctions.all, StatisticFunctions.all, RegressionFunctions.all, RankFunctions.all,
            DistributionFunctions.all, InverseDistributionFunctions.all, ConditionalFunctions.all,
            SubtotalFunctions.all,
            LogicalFunctions.all, LookupFunctions.all, SearchFunctions.all, ReferenceFunctions.all,
            ArrayFunctions.all, SortingFunctions.all, ShapeFunctions.all, TextFunctions.all,
            TextSearchFunctions.all, TextNumberFunctions.all, DateFunctions.all, WorkdayFunctions.all,
            InformationFunctions.all, LoanFunctions.all, CashFlowFunctions.all, DepreciationFunctions.all,
            SecurityFunctions.all, RadixFunctions.all, EngineeringFunctions.all, DatabaseFunctions.all,
        ]
        functions = groups.flatMap { $0 }
        var places: [String: Int32] = [:]
        for (index, function) in functions.enumerated() { places[function.name] = Int32(index) }
        self.places = places
    }

    subscript(index: Int32) -> Function { functions[Int(index)] }
    func index(_ name: String) -> Int32? { places[name] }

    /// In the alphabet's order.
    package var names: [String] { (Array(places.keys) + ["LET"]).sorted() }

    /// In capitals, without the prefixes of files.
    static func bare(_ word: String) -> String {
        var name = word.uppercased()
        for prefix in ["_XLFN.", "_XLWS."] where name.hasPrefix(prefix) { name.removeFirst(prefix.count) }
        return name
    }

    static func bareVariable(_ word: String) -> String {
        word.lowercased().hasPrefix("_xlpm.") ? String(word.dropFirst(6)) : word
    }
}
