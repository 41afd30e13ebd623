package import ToolKit

/// What was asked for, and by whom.
package struct BriefingRequest: Sendable, Hashable, Codable {
    package struct Sender: Sendable, Hashable, Codable {
        package var name: String?
        package var address: String

        package init(name: String? = nil, address: String) {
            self.name = name
            self.address = address
        }

        /// Accepts `{"name", "address"}` and plain text.
        package init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {  // not text: an object
                self.init(address: text)
            } else {
                let container = try decoder.container(keyedBy: CodingKeys.self)
                self.init(
                    name: try container.decodeIfPresent(String.self, forKey: .name),
                    address: try container.decodeIfPresent(String.self, forKey: .address) ?? "")
            }
        }

        enum CodingKeys: String, CodingKey { case name, address }
    }

    package var subject: String
    package var text: String
    package var from: Sender?
    /// RFC 3339, or any text that begins with a date.
    package var date: String?

    package init(subject: String, text: String, from: Sender? = nil, date: String? = nil) {
        self.subject = subject
        self.text = text
        self.from = from
        self.date = date
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        subject = try container.decodeIfPresent(String.self, forKey: .subject) ?? ""
        text = try container.decodeIfPresent(String.self, forKey: .text) ?? ""
        from = try container.decodeIfPresent(Sender.self, forKey: .from)
        date = try container.decodeIfPresent(String.self, forKey: .date)
    }

    enum CodingKeys: String, CodingKey { case subject, text, from, date }
}

/// A page that was read: the answer of `browser.read`.
package struct BriefingPage: Sendable, Hashable, Codable {
    package var url: String
    package var finalURL: String?
    package var title: String?
    package var text: String
    package var byline: String?
    package var language: String?
    package var screenshot: WorkspaceFile?

    package init(
        url: String, finalURL: String? = nil, title: String? = nil, text: String, byline: String? = nil,
        language: String? = nil, screenshot: WorkspaceFile? = nil
    ) {
        self.url = url
        self.finalURL = finalURL
        self.title = title
        self.text = text
        self.byline = byline
        self.language = language
        self.screenshot = screenshot
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        url = try container.decodeIfPresent(String.self, forKey: .url) ?? ""
        finalURL = try container.decodeIfPresent(String.self, forKey: .finalURL)
        title = try container.decodeIfPresent(String.self, forKey: .title)
        text = try container.decodeIfPresent(String.self, forKey: .text) ?? ""
        byline = try container.decodeIfPresent(String.self, forKey: .byline)
        language = try container.decodeIfPresent(String.self, forKey: .language)
        screenshot = try container.decodeIfPresent(WorkspaceFile.self, forKey: .screenshot)
    }

    enum CodingKeys: String, CodingKey {
        case url, title, text, byline, language, screenshot
        case finalURL = "final_url"
    }
}

/// The outline that documents are made of.
package struct Briefing: Sendable, Hashable, Codable {
    package struct Point: Sendable, Hashable, Codable {
        package var text: String
        /// Number of the source it is taken from.
        package var source: Int

        package init(text: String, source: Int) {
            self.text = text
            self.source = source
        }

        enum CodingKeys: String, CodingKey { case text, source }
    }

    package struct Source: Sendable, Hashable, Codable {
        /// From 1, in the order of the pages.
        package var number: Int
        package var title: String
        package var url: String

        package init(number: Int, title: String, url: String) {
            self.number = number
            self.title = title
            self.url = url
        }

        enum CodingKeys: String, CodingKey { case number, title, url }
    }

    package var title: String
    /// `built-in extractive writer`, or `model <name>`.
    package var writtenBy: String
    package var summary: String
    /// The best of each source first, then the others by rank.
    package var points: [Point]
    package var sources: [Source]
    /// What a reader must know about how this was made and what is missing.
    package var notes: [String]

    package init(
        title: String, writtenBy: String, summary: String, points: [Point], sources: [Source], notes: [String] = []
    ) {
        self.title = title
        self.writtenBy = writtenBy
        self.summary = summary
        self.points = points
        self.sources = sources
        self.notes = notes
    }

    enum CodingKeys: String, CodingKey {
        case title, summary, points, sources, notes
        case writtenBy = "written_by"
    }
}

/// Bounds of a briefing.
package enum BriefingLimits {
    /// Points of a briefing; two slides of four.
    package static let points = 8
    /// Characters of a point: two to three lines of a slide.
    package static let pointCharacters = 240
    /// Characters of a title, one or two lines.
    package static let titleCharacters = 120
    /// Characters of a summary, one paragraph.
    package static let summaryCharacters = 900
    /// Pages of one briefing; more are left out and a note says so.
    package static let sources = 20
    /// Characters read of one page: some 30,000 words.
    package static let sourceCharacters = 200_000
    /// Sentences ranked against each other; time grows with the square.
    package static let sentences = 400
    package static let notes = 20
}
