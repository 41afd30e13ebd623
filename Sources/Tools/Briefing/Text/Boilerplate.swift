/// Tells sentences that say something from navigation, consent banners and fragments.
enum Boilerplate {
    /// Characters under which a sentence says little; CJK writes more with fewer.
    private static let minimumCharacters = 40
    private static let minimumWideCharacters = 15
    private static let minimumWords = 6

    enum Grade: Int, Comparable {
        /// Not to be shown.
        case none
        /// Shown where nothing better is there: a line without a full stop.
        case weak
        case good

        static func < (left: Grade, right: Grade) -> Bool { left.rawValue < right.rawValue }
    }

    static func grade(_ sentence: String) -> Grade {
        let count = sentence.count
        guard count <= BriefingLimits.pointCharacters else { return .none }
        let isWide = Script.isWide(sentence)
        guard count >= (isWide ? minimumWideCharacters : minimumCharacters) else { return .none }
        guard letterShare(sentence, count) >= 0.6 else { return .none }
        guard isWide || sentence.split(separator: " ").count >= minimumWords else { return .none }
        let lowered = sentence.lowercased()
        guard !phrases.contains(where: lowered.contains) else { return .none }
        return isWhole(sentence) ? .good : .weak
    }

    /// Begins like a sentence and ends like one.
    private static func isWhole(_ sentence: String) -> Bool {
        guard let first = sentence.first(where: { $0.isLetter || $0.isNumber }), !first.isLowercase else {
            return false
        }
        guard let last = sentence.last(where: { !"\"'”’»)]」』）".contains($0) }) else { return false }
        guard ".!?…؟۔।。！？｡".contains(last) else { return false }
        return !sentence.hasSuffix("...") && !sentence.hasSuffix("…")
    }

    private static func letterShare(_ sentence: String, _ count: Int) -> Double {
        let letters = sentence.reduce(0) { $0 + ($1.isLetter || $1 == " " ? 1 : 0) }
        return count == 0 ? 0 : Double(letters) / Double(count)
    }

    private static let phrases = [
        "cookie", "javascript", "all rights reserved", "privacy policy", "terms of service", "terms of use", "sign up",
        "signed up", "subscribe", "newsletter", "log in", "sign in", "click here", "read more", "advertis", "copyright",
        "©", "share this", "follow us", "enable js", "your browser", "ad blocker", "skip to content", "retrieved from",
        "this article needs", "http://", "https://", "www.", "lorem ipsum", "add a comment", "leave a comment",
        "alle rechte vorbehalten", "datenschutz", "anmelden", "abonnieren", "impressum", "tous droits réservés",
        "s'abonner", "confidentialité", "connectez-vous", "todos los derechos", "suscríb", "iniciar sesión",
        "política de privacidad", "{{", "}}", "function(", "\u{FFFD}",
    ]
}

/// Properties of writing that rules depend on.
enum Script {
    /// Whether most letters are written without spaces between words: Han, Kana, Thai and their like.
    static func isWide(_ text: String) -> Bool {
        var wide = 0
        var letters = 0
        for scalar in text.unicodeScalars where scalar.properties.isAlphabetic {
            letters += 1
            if isUnspaced(scalar) { wide += 1 }
        }
        return wide * 2 > letters
    }

    static func isUnspaced(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
            0xF900...0xFAFF, 0x20000...0x3FFFF:
            true
        default: false
        }
    }
}
