/// Words of a text as a search compares them: lower-case, without inflection, without those that say nothing.
enum Words {
    /// Words of one text that count; what follows says nothing new.
    static let most = 400

    static func of(_ text: some StringProtocol) -> [String] { plain(text).map(stem) }

    /// With their inflections.
    static func plain(_ text: some StringProtocol) -> [String] {
        var words: [String] = []
        var word = ""
        var wasLower = false
        func end() {
            if word.count > 1, !silent.contains(word) { words.append(word) }
            word = ""
        }
        for character in text.prefix(20_000) {
            if words.count >= most { break }
            if character.isLetter || character.isNumber {
                // `listPets` and `list_pets` are two words each.
                if wasLower, character.isUppercase { end() }
                word += character.lowercased()
                wasLower = character.isLowercase
            } else if character == "-", word.count == 1 {
                continue  // `e-mail` is one word
            } else {
                end()
                wasLower = false
            }
        }
        end()
        return words
    }

    /// A light English stemmer after Porter's first steps (An algorithm for suffix stripping, 1980): enough for a word and
    /// its inflections to meet, never so much that different words do.
    static func stem(_ word: String) -> String {
        var stem = word[...]
        func cut(_ suffix: String, _ replacement: String = "", least: Int = 3) -> Bool {
            guard stem.hasSuffix(suffix), stem.count - suffix.count >= least else { return false }
            stem = (stem.dropLast(suffix.count) + replacement)[...]
            return true
        }
        if word.count <= 3 { return word }
        if !cut("sses", "ss"), !cut("ies", "y", least: 2), !stem.hasSuffix("ss"), !stem.hasSuffix("us") {
            _ = cut("s")
        }
        if cut("ing") || cut("ed") {
            // planning → plan, but calling → call.
            if let last = stem.last, stem.dropLast().last == last, !"lsz".contains(last), !"aeiou".contains(last) {
                stem.removeLast()
            }
        } else {
            _ = cut("ation", "at") || cut("ition", "it") || cut("ment", least: 4) || cut("ness")
        }
        _ = cut("isation", "is") || cut("ization", "is") || cut("ize", "is") || cut("ise", "is")
        _ = cut("er", least: 4) || cut("or", least: 4)
        if stem.count > 3 { _ = cut("e") }
        if stem.last == "y", stem.count > 3 { stem = (stem.dropLast() + "i")[...] }
        return String(stem)
    }

    private static let silent: Set<String> = [
        "a", "an", "the", "of", "to", "in", "on", "at", "for", "from", "by", "with", "and", "or", "but", "is", "are",
        "was",
        "were", "be", "been", "it", "its", "this", "that", "these", "those", "i", "me", "my", "we", "us", "our", "you",
        "your", "he", "she", "they", "them", "their", "what", "which", "who", "how", "can", "could", "would", "should",
        "will", "shall", "may", "might", "do", "does", "did", "has", "have", "had", "if", "as", "so", "than", "then",
        "there", "here", "please", "want", "need", "like", "some", "any", "all", "into", "onto", "out", "up", "about",
        "not",
        "no", "one", "am", "let", "when", "where", "just", "also", "using", "use", "via", "tool",
    ]
}

/// Words that people of an office use for the same thing.
enum Synonyms {
    private static let groups = [
        "mail email letter message inbox correspondence", "slide deck presentation powerpoint pptx slideshow keynote",
        "spreadsheet workbook excel xlsx sheet", "website page web url site browse internet online webpage link",
        "csv table tabular column", "pdf print printout paper report", "answer reply respond response",
        "summary summarise brief briefing outline digest overview condense",
        "zip archive compress unzip extract unpack",
        "find search look locate lookup query", "calendar appointment meeting event ics invite",
        "picture image screenshot photo", "merge join combine", "sum total aggregate count average",
        "time date clock timezone", "request fetch download http api", "run execute command shell script program",
        "compare diff difference", "convert transform export", "delete remove erase cancel drop",
        "create make write build generate produce draft prepare new add",
        "read open load view show get retrieve display",
        "list enumerate all", "update change modify edit set", "customer client contact account buyer",
        "invoice bill receipt", "order purchase", "ticket issue case incident",
        "employee staff worker person colleague",
        "money payment pay price cost", "file document", "check verify validate confirm", "send deliver dispatch post",
        "attachment enclosed file", "graph chart diagram plot", "text content wording", "warehouse stock inventory",
        "ship shipment delivery parcel", "task todo", "note memo comment", "product item article goods",
    ].map { Set(Words.of($0)) }

    /// Stems of the same meaning, the word itself left out.
    static let of: [String: Set<String>] = {
        var all: [String: Set<String>] = [:]
        for group in groups {
            for word in group { all[word, default: []].formUnion(group.subtracting([word])) }
        }
        return all
    }()
}
