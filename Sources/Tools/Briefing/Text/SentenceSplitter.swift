/// Cuts text into sentences by rules, for scripts that end them with `. ! ?`, `؟ ۔`, `。 ！ ？ ｡`, `।`.
///
/// A sentence is the source's own text with runs of white space made one space.
package enum SentenceSplitter {
    /// A line shorter than this that a line break ends is a line of its own, not a wrapped sentence.
    private static let wrappedLineCharacters = 50
    /// Text without any end for so long is cut there: a bound, not a rule of language.
    private static let maximumCharacters = 4_000

    package static func sentences(in text: String) -> [String] {
        blocks(of: text).flatMap(split)
    }

    /// Paragraphs: blank lines separate them, and single line breaks do unless the line is long and the next one goes on in
    /// lower case, as wrapped prose does and lists do not.
    private static func blocks(of text: String) -> [[Character]] {
        var blocks: [[Character]] = []
        var block: [Character] = []
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            let words = collapsed(line)
            let isContinuation =
                block.count >= wrappedLineCharacters && words.first?.isLowercase == true && !endsSentence(block)
                && block.count < maximumCharacters
            if isContinuation {
                block.append(" ")
                block += words
            } else {
                if !block.isEmpty { blocks.append(block) }
                block = words
            }
        }
        if !block.isEmpty { blocks.append(block) }
        return blocks
    }

    private static func collapsed(_ line: Substring) -> [Character] {
        var result: [Character] = []
        for character in line {
            // A space may carry a combining mark, which must stay.
            if character.unicodeScalars.allSatisfy(\.properties.isWhitespace) {
                if let last = result.last, last != " " { result.append(" ") }
            } else {
                result.append(character)
            }
        }
        if result.last == " " { result.removeLast() }
        return result
    }

    private static func endsSentence(_ block: [Character]) -> Bool {
        guard let last = block.last(where: { !closers.contains($0) }) else { return false }
        return terminators.contains(last) || wideTerminators.contains(last) || last == ":"
    }

    private static func split(_ block: [Character]) -> [String] {
        var sentences: [String] = []
        var start = 0
        var index = 0
        while index < block.count {
            let character = block[index]
            let isWide = wideTerminators.contains(character)
            guard isWide || terminators.contains(character) else {
                index += 1
                if index - start >= maximumCharacters { cut(block, &start, index, &sentences) }
                continue
            }
            var end = index + 1
            while end < block.count, isTail(block[end]) { end += 1 }
            if isWide || isBoundary(block, at: index, end: end, start: start) {
                cut(block, &start, end, &sentences)
            }
            index = end
        }
        cut(block, &start, block.count, &sentences)
        return sentences
    }

    private static func isTail(_ character: Character) -> Bool {
        closers.contains(character) || terminators.contains(character) || wideTerminators.contains(character)
    }

    private static func cut(_ block: [Character], _ start: inout Int, _ end: Int, _ sentences: inout [String]) {
        var from = start
        while from < end, block[from] == " " { from += 1 }
        if from < end { sentences.append(String(block[from..<end])) }
        start = end
    }

    /// `index` is the terminator, `end` the first character behind it and its closing marks.
    private static func isBoundary(_ block: [Character], at index: Int, end: Int, start: Int) -> Bool {
        guard end < block.count else { return true }
        guard block[end] == " " else { return false }
        let next = block[(end + 1)...].first { !openers.contains($0) }
        if let next, next.isLowercase { return false }
        guard block[index] == "." else { return true }
        let word = block[start..<index].split(separator: " ").last.map(Array.init) ?? []
        return !isAbbreviation(word, next: next)
    }

    private static func isAbbreviation(_ word: [Character], next: Character?) -> Bool {
        let bare = word.drop { openers.contains($0) }
        guard let first = bare.first else { return false }
        // An initial: "J. Smith". A sentence seldom ends in one letter, save "I".
        if bare.count == 1, first.isLetter, first.isUppercase, first != "I" { return true }
        // An ordinal of German and others, "3. Oktober"; also list numbers.
        if bare.count <= 2, bare.allSatisfy(\.isNumber) { return true }
        if bare.contains("."), bare.allSatisfy({ $0.isLetter || $0 == "." }), bare.count <= 6 { return true }
        let lowered = String(bare).lowercased()
        if numbered.contains(lowered) { return next?.isNumber ?? false }
        return abbreviations.contains(lowered)
    }

    private static let terminators: Set<Character> = [".", "!", "?", "…", "؟", "۔", "।", "॥", "‼", "⁉"]
    private static let wideTerminators: Set<Character> = ["。", "！", "？", "｡", "．"]
    private static let closers: Set<Character> = [
        "\"", "'", ")", "]", "}", "”", "’", "»", "›", "」", "』", "）", "】", "》", "〉", "“",
    ]
    private static let openers: Set<Character> = [
        "\"", "'", "(", "[", "{", "“", "‘", "«", "‹", "„", "‚", "¿", "¡", "「", "『", "（", "»",
    ]
    /// Abbreviations only before a figure: "No. 5", but "I said no."
    private static let numbered: Set<String> = [
        "no", "nos", "nr", "art", "fig", "abb", "vol", "p", "pp", "s", "sec", "ch", "para", "núm", "pág",
    ]
    private static let abbreviations: Set<String> = [
        // English
        "mr", "mrs", "ms", "dr", "prof", "sr", "jr", "st", "vs", "etc", "inc", "ltd", "co", "corp", "gen", "col",
        "lt", "sgt", "capt", "rev", "hon", "gov", "sen", "rep", "pres", "dept", "est", "approx", "jan", "feb", "mar",
        "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "mt", "ave", "blvd", "al", "ed", "eds", "cf",
        // German
        "bzw", "ca", "usw", "evtl", "ggf", "sog", "vgl", "zzgl", "inkl", "hr", "fr", "dipl", "ing", "mio", "mrd",
        "str", "tel", "nr", "mind", "max", "min", "geb", "gest", "okt", "dez", "mai", "z", "u", "d", "b", "o",
        // French
        "m", "mm", "mme", "mmes", "mlle", "me", "av", "env", "janv", "févr", "juil", "déc", "éd",
        // Spanish
        "sra", "srta", "ud", "uds", "dra", "lic", "ing", "avda", "aprox", "pág", "ee", "uu", "gral",
    ]
}
