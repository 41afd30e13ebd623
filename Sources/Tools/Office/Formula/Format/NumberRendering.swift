import Glibc

/// Digits, points, thousands, percents and exponents of one section.
struct NumberRendering {
    private let section: FormatSection
    private let isPercent: Int
    private var wholes = 0
    private var places = 0
    private var exponentDigits = 0
    private var hasExponent = false

    init(_ section: FormatSection) {
        self.section = section
        isPercent = section.pieces.filter { $0 == .percent }.count
        var hasPoint = false
        for piece in section.pieces {
            switch piece {
            case .point: hasPoint = true
            case .exponent: hasExponent = true
            case .digit:
                if hasExponent { exponentDigits += 1 } else if hasPoint { places += 1 } else { wholes += 1 }
            default: break
            }
        }
    }

    func text(_ value: Double) -> String {
        guard section.hasNumber else {
            return (value < 0 ? "-" : "") + section.text("")
        }
        var scaled = value
        for _ in 0..<min(isPercent, 8) { scaled *= 100 }
        for _ in 0..<min(section.thousands, 100) { scaled /= 1000 }
        guard scaled.isFinite else { return "####" }
        let sign = scaled < 0 ? "-" : ""
        if hasExponent {
            let (digits, exponent) = mantissa(scaled.magnitude)
            return sign + layout(digits, exponent)
        }
        let digits = Digits(scaled.magnitude, places: places)
        // What rounds to zero has no sign.
        return (digits.isZero ? "" : sign) + layout(digits, 0)
    }

    /// As many digits before the point as there are placeholders; of several the exponent is a multiple.
    private func mantissa(_ value: Double) -> (Digits, Int) {
        guard value != 0 else { return (Digits(0, places: places), 0) }
        let step = max(1, wholes)
        func split(_ digits: Digits) -> Int {
            let exponent = digits.exponent
            return exponent >= 0 ? exponent / step * step : -((-exponent + step - 1) / step) * step
        }
        let full = Digits(value, significant: 15)
        var exponent = split(full)
        var shifted = full
        shifted.exponent -= exponent
        var digits = Digits(shifted.value, places: places)
        // 9.99 rounds to 10.0: one more power.
        if digits.exponent >= step {
            exponent += step
            digits.exponent -= step
        }
        return (digits, exponent)
    }

    private func layout(_ digits: Digits, _ exponent: Int) -> String {
        var result = ""
        var whole = wholes
        var place = 0
        var isBehindExponent = false
        var exponentPlace = exponentDigits
        var hasWritten = false
        for piece in section.pieces {
            switch piece {
            case .literal(let text): result += text
            case .percent: result += "%"
            case .point:
                if wholes == 0 {
                    writeWhole(digits, from: max(0, digits.exponent), through: 0, 35, &result, &hasWritten)
                }
                result += "."
            case .exponent(let hasPlus):
                result += "E" + (exponent < 0 ? "-" : hasPlus ? "+" : "")
                isBehindExponent = true
            case .digit(let kind):
                if isBehindExponent {
                    result += power(exponent, exponentPlace, kind)
                    exponentPlace -= 1
                } else if whole > 0 {
                    let top = whole == wholes ? max(digits.exponent, whole - 1) : whole - 1
                    writeWhole(digits, from: top, through: whole - 1, kind, &result, &hasWritten)
                    whole -= 1
                } else {
                    place += 1
                    result += decimal(digits, place, kind)
                }
            default: break
            }
        }
        return result
    }

    private func writeWhole(
        _ digits: Digits, from top: Int, through bottom: Int, _ kind: UInt8, _ result: inout String,
        _ hasWritten: inout Bool
    ) {
        for power in stride(from: top, through: bottom, by: -1) {
            let isReal = power <= digits.exponent && !digits.isZero
            if isReal || hasWritten || kind == 48 {
                result += "\(digits.digit(at: power))"
                hasWritten = true
            } else if kind == 63 {
                result += " "
            }
            if section.isGrouped, power > 0, power % 3 == 0, hasWritten { result += "," }
        }
    }

    /// Zeros that end a number are left out for `#`, and blanks for `?`.
    private func decimal(_ digits: Digits, _ place: Int, _ kind: UInt8) -> String {
        let digit = digits.digit(at: -place)
        let isLast = digit == 0 && (place...max(place, places)).allSatisfy { digits.digit(at: -$0) == 0 }
        if !isLast || kind == 48 { return "\(digit)" }
        return kind == 63 ? " " : ""
    }

    private func power(_ exponent: Int, _ place: Int, _ kind: UInt8) -> String {
        let text = "\(exponent.magnitude)"
        if place == exponentDigits, text.utf8.count > place { return String(text.prefix(text.utf8.count - place + 1)) }
        let index = text.utf8.count - place
        if index >= 0 { return String(Array(text)[min(index, text.utf8.count - 1)]) }
        return kind == 48 ? "0" : ""
    }
}

/// `# ?/?`: the nearest fraction.
enum FractionRendering {
    static func text(_ section: FormatSection, _ value: Double) -> String? {
        guard let slash = section.pieces.firstIndex(of: .slash), value.magnitude < 1e15 else { return nil }
        let before = section.pieces[..<slash]
        let after = section.pieces[(slash + 1)...]
        let digitPlaces = before.indices.filter { if case .digit = section.pieces[$0] { true } else { false } }
        // The last run of digits before the slash is the numerator.
        guard let last = digitPlaces.last else { return nil }
        var start = last
        while digitPlaces.contains(start - 1) { start -= 1 }
        let hasWhole = digitPlaces.contains { $0 < start }
        let (fixed, width) = denominator(Array(after))
        let magnitude = value.magnitude
        var whole = hasWhole ? magnitude.rounded(.down) : 0
        var (over, under) = nearest(magnitude - whole, fixed, width)
        if hasWhole, over == under { (whole, over) = (whole + 1, 0) }
        var result = value < 0 && (whole != 0 || over != 0) ? "-" : ""
        let numeratorWidth = last - start + 1
        let isBlank = hasWhole && over == 0
        for (index, piece) in section.pieces.enumerated() {
            switch piece {
            case .literal(let text):
                // What joins the whole part to a fraction goes with it.
                result += isBlank && index > slash - 1 ? text : text
            case .digit:
                if index == digitPlaces.first, hasWhole {
                    result += whole == 0 && !isBlank ? "" : NumberText.general(whole)
                } else if index == start {
                    let number = "\(Int(over))"
                    let pad = String(repeating: " ", count: max(0, numeratorWidth - number.count))
                    result += isBlank ? String(repeating: " ", count: numeratorWidth) : pad + number
                } else if index == slash + 1 {
                    let number = "\(Int(under))"
                    let pad = String(repeating: " ", count: max(0, width - number.count))
                    result += isBlank ? String(repeating: " ", count: max(width, number.count)) : number + pad
                }
            case .slash: result += isBlank ? " " : "/"
            default: break
            }
        }
        return result
    }

    /// A fixed denominator, and its digits.
    private static func denominator(_ pieces: [FormatSection.Piece]) -> (Int?, Int) {
        var width = 0
        for piece in pieces {
            switch piece {
            case .digit: width += 1
            case .literal(let text):
                if width == 0, let number = Int(text), number > 0 { return (number, text.count) }
                return (nil, min(max(width, 1), 7))
            default: return (nil, min(max(width, 1), 7))
            }
        }
        return (nil, min(max(width, 1), 7))
    }

    /// By the Stern-Brocot tree, as deep as the digits allow.
    private static func nearest(_ value: Double, _ fixed: Int?, _ width: Int) -> (Double, Double) {
        if let fixed { return ((value * Double(fixed)).rounded(), Double(fixed)) }
        let limit = pow(10, Double(width)) - 1
        let whole = value.rounded(.down)
        let part = value - whole
        var (low, high) = ((0.0, 1.0), (1.0, 1.0))
        if part == 0 { return (whole, 1) }
        for _ in 0..<100_000 {
            let middle = (low.0 + high.0, low.1 + high.1)
            guard middle.1 <= limit else { break }
            if middle.0 / middle.1 <= part { low = middle } else { high = middle }
            if low.0 / low.1 == part { break }
        }
        let best = (part - low.0 / low.1).magnitude <= (part - high.0 / high.1).magnitude ? low : high
        return (best.0 + whole * best.1, best.1)
    }
}
