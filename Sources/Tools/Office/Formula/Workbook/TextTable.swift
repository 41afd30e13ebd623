/// Every text of a workbook once. Texts that differ in case only share a `fold`.
struct TextTable: Sendable {
    /// Equal by its bytes: canonically equivalent texts stay two.
    private struct Key: Hashable {
        let text: String
        static func == (first: Key, second: Key) -> Bool { first.text.utf8.elementsEqual(second.text.utf8) }
        func hash(into hasher: inout Hasher) {
            var text = text
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    private(set) var texts: [String] = []
    private var places: [Key: Int32] = [:]
    /// -1: not asked for yet.
    private var folds: [Int32] = []
    private var foldPlaces: [Key: Int32] = [:]
    /// Of all texts, in UTF-8.
    private(set) var bytes = 0

    subscript(index: Int) -> String { texts[index] }

    mutating func place(_ text: String) -> Int32 {
        let key = Key(text: text)
        if let place = places[key] { return place }
        let place = Int32(texts.count)
        places[key] = place
        texts.append(text)
        folds.append(-1)
        bytes += text.utf8.count
        return place
    }

    mutating func fold(_ place: Int) -> Int32 {
        if folds[place] >= 0 { return folds[place] }
        let fold = self.fold(of: texts[place])
        folds[place] = fold
        return fold
    }

    mutating func fold(of text: String) -> Int32 {
        let key = Key(text: text.lowercased())
        if let place = foldPlaces[key] { return place }
        let place = Int32(foldPlaces.count)
        foldPlaces[key] = place
        return place
    }
}
