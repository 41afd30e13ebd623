import DocumentModel
import ToolKit

/// A page or file that could not be read.
package struct BriefingLoss: Sendable, Hashable, Codable {
    /// Address of the page, or name of the file.
    package var url: String
    package var reason: String

    package init(url: String, reason: String) {
        self.url = url
        self.reason = reason
    }

    /// Reads {url, reason}, an error that a for-each collected {item, error}, a step's own error {message}, and a
    /// plain text: a problem of the mail itself.
    package init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {  // not text: an object
            url = "The mail"
            reason = text
            return
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        url =
            try container.decodeIfPresent(String.self, forKey: .url)
            ?? container.decodeIfPresent(String.self, forKey: .item) ?? "The attached table"
        reason =
            try container.decodeIfPresent(String.self, forKey: .reason)
            ?? container.decodeIfPresent(Failure.self, forKey: .error)?.message
            ?? container.decodeIfPresent(String.self, forKey: .message) ?? ""
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(url, forKey: .url)
        try container.encode(reason, forKey: .reason)
    }

    private struct Failure: Decodable { let message: String }

    enum CodingKeys: String, CodingKey { case url, reason, item, error, message }
}

/// Who answers.
package struct BriefingPersona: Sendable, Hashable, Codable {
    package var name: String
    package var organisation: String?

    package init(name: String, organisation: String? = nil) {
        self.name = name
        self.organisation = organisation
    }

    enum CodingKeys: String, CodingKey { case name, organisation }
}

/// Why a language model that was asked wrote nothing: the error of the step that asked it, or of the one that looked at
/// what it wrote.
package struct BriefingModelFailure: Sendable, Hashable, Codable {
    package var code: String

    package init(code: String) { self.code = code }

    package init(from decoder: any Decoder) throws {
        code = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(String.self, forKey: .code) ?? ""
    }

    /// For the person who is answered. The provider's own words stay in the run: they are not for strangers.
    var note: String {
        let reason =
            switch code {
            case "model_timed_out": "it did not answer in time"
            case "model_unavailable", "model_unreachable", "model_rate_limited": "its provider is not available"
            case "model_truncated", "model_malformed_stream": "its answer broke off"
            case "model_unauthorized", "model_quota_exhausted", "model_rejected", "model_misconfigured",
                "model_not_configured":
                "its provider refuses to serve it"
            case let code where code.hasPrefix("outline_"): "what it wrote cannot be used"
            default: "it failed"
            }
        return "The language model gave no outline: \(reason)."
    }

    enum CodingKeys: String, CodingKey { case code }
}

/// Everything that the documents are made of, cleaned and bounded once.
struct Composition {
    static let maximumLosses = 20

    let briefing: Briefing
    let request: BriefingRequest
    let pages: [BriefingPage]
    let facts: TableFacts?
    let plan: ChartPlan?
    let losses: [BriefingLoss]
    /// That a language model was asked in vain; in `briefing.notes` too.
    let modelLoss: String?
    let persona: String
    let organisation: String?

    init(
        briefing: Briefing, request: BriefingRequest, pages: [BriefingPage], table: BriefingTable?,
        losses: [BriefingLoss], persona: BriefingPersona?, modelFailure: BriefingModelFailure? = nil
    ) {
        modelLoss = modelFailure?.note
        var cleaned = Self.cleaned(briefing)
        if let modelLoss { cleaned.notes.insert(modelLoss, at: 0) }
        self.briefing = cleaned
        self.request = request
        self.pages = Array(pages.prefix(BriefingLimits.sources))
        facts = table?.normalized().map(TableFacts.init)
        plan = facts.flatMap(ChartPlan.init)
        self.losses = losses.prefix(Self.maximumLosses).map { loss in
            let url = Clip.clip(Clip.line(loss.url), to: 300)
            let reason = Clip.clip(Clip.line(loss.reason), to: 300)
            return BriefingLoss(
                url: url.isEmpty ? "An unnamed page" : url, reason: reason.isEmpty ? "no reason given" : reason)
        }
        let name = Clip.clip(Clip.line(persona?.name ?? ""), to: 80)
        self.persona = name.isEmpty ? "the persona" : name
        organisation = persona?.organisation.map { Clip.clip(Clip.line($0), to: 120) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    var sources: [Source] {
        briefing.sources.map { Source(number: $0.number, title: $0.title, url: $0.url.isEmpty ? nil : $0.url) }
    }

    var sender: String? {
        let name = Clip.clip(Clip.line(request.from?.name ?? ""), to: 80)
        if !name.isEmpty { return name }
        let address = Clip.clip(Clip.line(request.from?.address ?? ""), to: 120)
        return address.isEmpty ? nil : address
    }

    var date: String? { CalendarText.day(request.date ?? "") }

    /// "Prepared for Bo by Ada, 1 March 2026".
    var attribution: String {
        var text = sender.map { "Prepared for \($0) by \(persona)" } ?? "Prepared by \(persona)"
        if let organisation { text += ", \(organisation)" }
        if let date { text += ", \(date)" }
        return text
    }

    var authorship: String { "Written by the \(briefing.writtenBy)" }

    /// A screenshot that may be shown, with its source.
    var screenshots: [(image: Image, title: String)] {
        pages.enumerated().compactMap { index, page in
            guard let file = page.screenshot, index < briefing.sources.count else { return nil }
            let source = briefing.sources[index]
            let image = Image(
                path: file.path, altText: "Screenshot of the page “\(source.title)”",
                caption: "The page as \(BriefingSources.shortName(source.url)) showed it", source: source.number)
            return image.isContained ? (image, source.title) : nil
        }
    }

    /// A briefing may come from outside this module: nothing in it is trusted to be short, one line or consistent.
    private static func cleaned(_ briefing: Briefing) -> Briefing {
        var numbers: Set<Int> = []
        let sources = briefing.sources.prefix(BriefingLimits.sources).compactMap { source -> Briefing.Source? in
            guard source.number > 0, numbers.insert(source.number).inserted else { return nil }
            let title = Clip.clip(Clip.line(source.title), to: BriefingLimits.pointCharacters)
            let url = String(Clip.line(source.url).prefix(1_000))
            return Briefing.Source(
                number: source.number, title: title.isEmpty ? BriefingSources.shortName(url) : title, url: url)
        }
        let points = briefing.points.filter { numbers.contains($0.source) }.compactMap { point -> Briefing.Point? in
            let text = Clip.clip(Citations.withoutForeign(Clip.line(point.text)), to: BriefingLimits.pointCharacters)
            return text.isEmpty ? nil : Briefing.Point(text: text, source: point.source)
        }
        let title = Clip.clip(Clip.line(briefing.title), to: BriefingLimits.titleCharacters)
        let writer = Clip.clip(Clip.line(briefing.writtenBy), to: 120)
        return Briefing(
            title: title.isEmpty ? "Briefing" : title, writtenBy: writer.isEmpty ? "unnamed writer" : writer,
            summary: Clip.clip(
                Citations.withoutForeign(Clip.line(briefing.summary)), to: BriefingLimits.summaryCharacters),
            points: Array(points.prefix(BriefingLimits.points)), sources: sources,
            notes: briefing.notes.prefix(BriefingLimits.notes).map { Clip.clip(Clip.line($0), to: 500) }
                .filter { !$0.isEmpty })
    }
}

enum Citations {
    /// Without marks such as `[12]` that cite the source's own footnotes: in our documents they would cite ours.
    static func withoutForeign(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "[") {
            let inner = rest[rest.index(after: open)...].prefix { $0 != "]" && $0 != "[" }
            let isMark = (1...4).contains(inner.count) && inner.allSatisfy { $0.isNumber || $0 == "," || $0 == " " }
            guard isMark, inner.endIndex < rest.endIndex, rest[inner.endIndex] == "]" else {
                result += rest[...open]
                rest = rest[rest.index(after: open)...]
                continue
            }
            result += rest[..<open]
            rest = rest[rest.index(after: inner.endIndex)...]
        }
        return result + rest
    }
}

enum CalendarText {
    /// "1 March 2026" from an ISO 8601 date or time; `nil` for anything else.
    static func day(_ text: String) -> String? {
        let parts = text.prefix(10).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]),
            year > 0, months.indices.contains(month - 1), (1...31).contains(day)
        else { return nil }
        return "\(day) \(months[month - 1]) \(year)"
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
}
