/// A text with `*` for any characters, `?` for one, and `~` before one that stands for itself. Without case.
struct Wildcard: Sendable {
    private enum Piece: Sendable, Equatable {
        case any
        case one
        case scalar(Unicode.Scalar)
    }

    private let pieces: [Piece]
    /// Whether it is more than a plain text.
    let isPattern: Bool
    /// The text without its tildes, where it is no pattern.
    let plain: String

    init(_ text: String) {
        var pieces: [Piece] = []
        var isPattern = false
        var plain = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in text.lowercased().unicodeScalars {
            if isEscaped {
                if scalar != "*", scalar != "?", scalar != "~" {
                    pieces.append(.scalar("~"))
                    plain.append("~")
                }
                pieces.append(.scalar(scalar))
                plain.append(scalar)
                isEscaped = false
            } else if scalar == "~" {
                isEscaped = true
            } else if scalar == "*" {
                if pieces.last != .any { pieces.append(.any) }
                isPattern = true
            } else if scalar == "?" {
                pieces.append(.one)
                isPattern = true
            } else {
                pieces.append(.scalar(scalar))
                plain.append(scalar)
            }
        }
        if isEscaped {
            pieces.append(.scalar("~"))
            plain.append("~")
        }
        self.pieces = pieces
        self.isPattern = isPattern
        self.plain = String(plain)
    }

    func matches(_ text: String) -> Bool { matches(Array(text.lowercased().unicodeScalars), from: 0, toEnd: true) }

    /// Scalars before the first place from `start` on where it matches; `nil`: there is none.
    func firstMatch(in text: [Unicode.Scalar], from start: Int) -> Int? {
        guard start <= text.count else { return nil }
        return (start...text.count).first { matches(text, from: $0, toEnd: false) }
    }

    /// On a mismatch only the last `*` takes one more: no more steps than the product of both lengths.
    private func matches(_ text: [Unicode.Scalar], from start: Int, toEnd: Bool) -> Bool {
        var (place, piece) = (start, 0)
        var (star, mark): (Int?, Int) = (nil, 0)
        while true {
            if piece == pieces.count {
                if !toEnd || place == text.count { return true }
            } else if pieces[piece] == .any {
                star = piece
                mark = place
                piece += 1
                continue
            } else if place < text.count, pieces[piece] == .one || pieces[piece] == .scalar(text[place]) {
                piece += 1
                place += 1
                continue
            }
            guard let last = star, mark < text.count else { return false }
            mark += 1
            place = mark
            piece = last + 1
        }
    }
}
