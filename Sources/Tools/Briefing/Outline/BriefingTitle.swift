/// The title of a briefing, from the subject of the mail.
enum BriefingTitle {
    static func title(of request: BriefingRequest, pages: [BriefingPage]) -> String {
        let subject = stripped(request.subject)
        if !subject.isEmpty { return Clip.clip(subject, to: BriefingLimits.titleCharacters) }
        let page = pages.lazy.compactMap(\.title).map(Clip.line).first { !$0.isEmpty }
        return Clip.clip(page ?? "Briefing", to: BriefingLimits.titleCharacters)
    }

    /// Without reply and forward marks of several languages, however often they repeat.
    static func stripped(_ subject: String) -> String {
        var rest = Clip.line(subject)[...]
        // A subject of a thousand marks is no subject.
        for _ in 0..<50 {
            guard let colon = rest.firstIndex(where: { $0 == ":" || $0 == "：" }) else { break }
            let mark = rest[..<colon].prefix { $0 != "[" && $0 != "(" }.lowercased()
            let isBare = mark.count == rest[..<colon].count || rest[..<colon].last.map { "])".contains($0) } == true
            guard isBare, marks.contains(mark.filter { !$0.isWhitespace }) else { break }
            rest = rest[rest.index(after: colon)...].drop { $0.isWhitespace }
        }
        return String(rest)
    }

    private static let marks: Set<String> = [
        "re", "fw", "fwd", "aw", "wg", "antw", "tr", "rv", "rif", "ref", "res", "enc", "sv", "vs", "vb", "odp", "réf",
        "回复", "转发", "答复", "رد",
    ]
}

/// Numbers and names of the pages.
enum BriefingSources {
    static func sources(of pages: [BriefingPage]) -> [Briefing.Source] {
        pages.prefix(BriefingLimits.sources).enumerated().map { index, page in
            let title = Clip.clip(Clip.line(page.title ?? ""), to: BriefingLimits.pointCharacters)
            return Briefing.Source(
                number: index + 1, title: title.isEmpty ? shortName(page) : title,
                url: String(address(page).prefix(maximumURLCharacters)))
        }
    }

    /// Longer addresses are no use in print.
    private static let maximumURLCharacters = 1_000

    static func address(_ page: BriefingPage) -> String {
        let final = page.finalURL ?? ""
        return Clip.line(final.isEmpty ? page.url : final)
    }

    /// The host, without `www.`; the address itself where there is none.
    static func shortName(_ page: BriefingPage) -> String { shortName(address(page)) }

    static func shortName(_ address: String) -> String {
        let rest = address.firstRange(of: "://").map { address[$0.upperBound...] } ?? address[...]
        var host = rest.prefix { !"/?#".contains($0) }
        if let at = host.lastIndex(of: "@") { host = host[host.index(after: at)...] }
        if host.hasPrefix("www.") { host = host.dropFirst(4) }
        return host.isEmpty ? "an unnamed page" : String(host.prefix(100))
    }
}

/// Text of a request, for its words.
enum RequestText {
    static func withoutLinks(_ text: String) -> String {
        text.prefix(20_000).split(whereSeparator: \.isWhitespace).filter { !$0.contains("://") && !$0.contains("@") }
            .joined(separator: " ")
    }
}
