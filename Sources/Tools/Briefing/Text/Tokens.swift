/// The words of a text that carry its meaning, shortened so that inflections meet.
enum Tokens {
    /// Letters kept of a word: cutting serves as a stemmer for European languages (McNamee and Mayfield, "Character
    /// n-gram tokenization for European language text retrieval", 2004).
    private static let keptLetters = 6

    /// Without stop words and single letters; pairs of characters for scripts without spaces.
    static func content(of text: String) -> [String] {
        var tokens: [String] = []
        var word = ""
        var previous: Character?
        func flush() {
            if word.count > 1, !StopWords.all.contains(word) { tokens.append(String(word.prefix(keptLetters))) }
            word = ""
        }
        for character in text.lowercased() {
            let isUnspaced = character.unicodeScalars.first.map(Script.isUnspaced) ?? false
            if isUnspaced {
                flush()
                if let previous { tokens.append(String([previous, character])) }
                previous = character
                continue
            }
            previous = nil
            if character.isLetter || character.isNumber {
                word.append(character)
            } else if character != "'" && character != "’" {
                flush()
            } else {
                // "l'été", "don't": the article goes, and so does the tail.
                flush()
            }
        }
        flush()
        return tokens
    }
}

/// Words that say nothing of a text's subject.
enum StopWords {
    static let all: Set<String> = Set(
        (english + german + french + spanish + mail).split(whereSeparator: \.isWhitespace).map(String.init))

    private static let english = """
        a about above after again against all also am an and any are as at be because been before being below between
        both but by can could did do does doing don down during each even few for from further get had has have having
        he her here hers herself him himself his how however if in into is it its itself just let like may me might
        more most much must my myself no nor not now of off on once one only or other our ours out over own said same
        say says shall she should since so some such than that the their theirs them themselves then there these they
        this those though through to too under until up upon us very was we well were what when where which while who
        whom why will with within without would yes yet you your yours isn aren wasn doesn didn won ll ve re
        """
    private static let german = """
        aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei beim bin bis bist da
        dabei dadurch daher damit dann das dass dazu dein dem den denn der des dessen die dies diese diesem diesen
        dieser dieses doch dort du durch ein eine einem einen einer eines er es etwas euch für gegen gewesen hab habe
        haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in indem ins ist jede
        jedem jeden jeder jedes jedoch jene kann kein keine keinem keinen keiner können könnte man mehr mein meine mich
        mir mit muss nach nicht nichts noch nun nur ob oder ohne sehr sein seine seinem seinen seiner seit selbst sich
        sie sind so solche soll sollte sondern sonst über um und uns unser unter viel vom von vor wann war waren warum
        was weil welche welcher wenn wer werde werden wie wieder will wir wird wirst wo wurde wurden während zu zum zur
        zwar zwischen
        """
    private static let french = """
        ai aient ainsi alors après as au aucun aussi autre autres aux avait avant avec avoir ayant car ce ceci cela
        celle celui ces cet cette ceux chaque chez comme comment contre dans de depuis des deux doit donc dont du elle
        elles en encore entre est et étaient était été être eu eux fait faire fois font ici il ils je la le les leur
        leurs lors lorsque lui ma mais me même mes moi moins mon ne ni non nos notre nous on ont ou où par parce pas
        peu peut plus plusieurs pour pourquoi puis quand que quel quelle qui quoi sa sans se selon sera ses si son sont
        sous sur ta te tes toi ton tous tout toute toutes très trop tu un une vos votre vous
        """
    private static let spanish = """
        ahora al algo algunos ante antes aquel aquella aquí así aun aunque cada como con contra cual cuando de del
        desde donde dos durante el ella ellas ellos en entre era eran es esa ese eso esos esta estaba estado están
        estar este esto estos fue fueron ha había han hasta hay la las le les lo los más me mi mientras mis mucho muy
        nada ni no nos nosotros nuestro nunca otra otro otros para pero poco por porque pues que quien se según ser si
        sido sin sino sobre solo son su sus también tan tanto te tiene tienen todo todos tras tu un una uno unos ya yo
        """
    /// What people write around a request rather than about its subject.
    private static let mail = """
        dear hello hi hey thanks thank regards kind best please could attached attach attachment briefing brief deck
        slides workbook spreadsheet pdf report send make prepare page pages website link links table csv file files
        mail email fwd fw re aw wg sincerely cheers bitte danke hallo liebe lieber grüße gruß freundlichen anhang
        bonjour merci cordialement svp hola gracias saludos adjunto favor
        """
}
