import Domain

/// Why a model's outline was not taken.
package struct BriefingDraftError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        case notJSON = "outline_not_json"
        case shape = "outline_shape"
        case noPoints = "outline_without_points"
        case citation = "outline_citation_out_of_range"
        case tooLarge = "outline_too_large"
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code.rawValue): \(message)" }
}

/// The JSON that a model is asked for.
struct BriefingDraft: Decodable {
    struct Point: Decodable {
        var text: String
        var source: Int
    }

    var title: String?
    var summary: String?
    var points: [Point]
}

extension Briefing {
    /// Bytes of a model's text that are looked at.
    private static let maximumDraftBytes = 256 * 1024

    /// A briefing out of a model's answer: JSON, alone or within a Markdown fence or a sentence around it. Texts are
    /// cleaned and clipped; a citation of a source that does not exist refuses the whole.
    package static func fromModel(
        text: String, model: String, request: BriefingRequest, sources pages: [BriefingPage]
    ) throws(BriefingDraftError) -> Briefing {
        let draft = try decode(text)
        let sources = BriefingSources.sources(of: pages)
        var points: [Point] = []
        for point in draft.points {
            guard (1...max(sources.count, 1)).contains(point.source), !sources.isEmpty else {
                throw BriefingDraftError(
                    .citation, "A point cites source \(point.source); there are \(sources.count) sources.")
            }
            let text = Clip.clip(Clip.line(point.text), to: BriefingLimits.pointCharacters)
            if !text.isEmpty, points.count < BriefingLimits.points {
                points.append(Point(text: text, source: point.source))
            }
        }
        guard !points.isEmpty else { throw BriefingDraftError(.noPoints, "The outline has no points.") }
        let title = Clip.clip(Clip.line(draft.title ?? ""), to: BriefingLimits.titleCharacters)
        let name = Clip.clip(Clip.line(model), to: 100)
        var notes = ["A language model wrote the points from the sources, and it may be wrong."]
        if draft.points.count > points.count {
            notes.append("The model gave \(draft.points.count) points; \(points.count) are shown.")
        }
        return Briefing(
            title: title.isEmpty ? BriefingTitle.title(of: request, pages: pages) : title, writtenBy: "model \(name)",
            summary: Clip.clip(Clip.line(draft.summary ?? ""), to: BriefingLimits.summaryCharacters), points: points,
            sources: sources, notes: notes)
    }

    private static func decode(_ text: String) throws(BriefingDraftError) -> BriefingDraft {
        guard text.utf8.count <= maximumDraftBytes else {
            throw BriefingDraftError(.tooLarge, "The model's outline has more than \(maximumDraftBytes) bytes.")
        }
        guard let start = text.utf8.firstIndex(of: UInt8(ascii: "{")),
            let end = text.utf8.lastIndex(of: UInt8(ascii: "}")), start < end
        else { throw BriefingDraftError(.notJSON, "The model's answer holds no JSON object.") }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: text.utf8[start...end])
        } catch {
            throw BriefingDraftError(.notJSON, "The model's answer is not well-formed JSON.")
        }
        do {
            return try value.decode(BriefingDraft.self)
        } catch {
            throw BriefingDraftError(.shape, "The model's JSON is not {title, summary, points: [{text, source}]}.")
        }
    }
}
