/// Cuts of text to what a place can show.
enum Clip {
    /// One line: white space collapsed, control and other invisible format characters gone.
    static func line(_ text: String) -> String {
        var result = ""
        var pendingSpace = false
        for scalar in text.unicodeScalars {
            if scalar.properties.isWhitespace || scalar.value < 0x20 {
                pendingSpace = !result.isEmpty
            } else if isVisible(scalar) {
                if pendingSpace { result.append(" ") }
                pendingSpace = false
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Joiners stay, since Persian and emoji need them; overrides of direction go.
    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF, 0xFFF9...0xFFFB: false
        default: true
        }
    }

    /// At most `limit` characters, cut at a word's end where there is one in the last third, with an ellipsis.
    static func clip(_ text: String, to limit: Int) -> String {
        guard text.count > limit, limit > 1 else { return String(text.prefix(max(limit, 0))) }
        let head = text.prefix(limit - 1)
        if let space = head.lastIndex(where: \.isWhitespace),
            head.distance(from: head.startIndex, to: space) > limit * 2 / 3
        {
            return head[..<space] + "…"
        }
        return head + "…"
    }
}

enum ListFormat {
    /// "a, b and c"; what exceeds `limit` is counted: "a, b and 3 more".
    static func list(_ items: [String], atMost limit: Int) -> String {
        guard items.count > 1 else { return items.first ?? "" }
        guard items.count <= limit else {
            return items.prefix(limit).joined(separator: ", ") + " and \(items.count - limit) more"
        }
        return items.dropLast().joined(separator: ", ") + " and " + (items.last ?? "")
    }
}
