/// The mail that carries the files: plain text, short, honest about who wrote it.
struct ReplyComposer {
    private static let points = 3

    let composition: Composition
    let hasWorkbook: Bool

    func text() -> String {
        ([greeting, opening] + [pointsText, lossText, authorship].compactMap { $0 } + [closing])
            .joined(separator: "\n\n") + "\n"
    }

    private var greeting: String {
        guard let sender = composition.sender, !sender.contains("@") else { return "Hello," }
        return "Dear \(sender),"
    }

    private var opening: String {
        let subject = BriefingTitle.stripped(composition.request.subject)
        let about = subject.isEmpty ? "for your mail" : "for your mail “\(Clip.clip(subject, to: 100))”"
        let workbook = hasWorkbook ? ", a workbook with the figures" : ""
        return "thank you \(about). The briefing is attached: a slide deck\(workbook) and a report as PDF."
            .capitalizedFirst
    }

    private var pointsText: String? {
        let briefing = composition.briefing
        guard !briefing.points.isEmpty else {
            return briefing.summary.isEmpty ? nil : briefing.summary
        }
        let top = briefing.points.prefix(Self.points)
        var lines = [top.count == 1 ? "The main point:" : "The main points:"]
        lines += top.enumerated().map { "\($0 + 1). \($1.text) [\($1.source)]" }
        if let facts = composition.facts { lines.append("\n" + facts.sentences(atMost: 2).joined(separator: " ")) }
        let cited = Set(top.map(\.source))
        lines.append("")
        for source in briefing.sources where cited.contains(source.number) {
            lines.append("[\(source.number)] \(source.title)\(source.url.isEmpty ? "" : ", \(source.url)")")
        }
        return lines.joined(separator: "\n")
    }

    private var lossText: String? {
        guard !composition.losses.isEmpty else { return nil }
        let lines = composition.losses.map { "- \($0.url): \($0.reason)" }
        return (["I could not read the following, so it is not part of the briefing:"] + lines).joined(separator: "\n")
    }

    private var authorship: String? {
        let notes = composition.briefing.notes.prefix(composition.modelLoss == nil ? 1 : 2).joined(separator: " ")
        let who = "I am \(composition.persona), an AI persona. The outline was written by the"
        return
            "\(who) \(composition.briefing.writtenBy). \(notes) Please check what matters before you rely on it."
            .replacing("  ", with: " ")
    }

    private var closing: String {
        (["Kind regards", composition.persona] + [composition.organisation].compactMap { $0 }).joined(separator: "\n")
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
