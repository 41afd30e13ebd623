import BriefingTool
import FoundationEssentials
import Testing

/// Real pages: the reference articles of the HTML corpus, as plain text.
@Suite(.timeLimit(.minutes(10))) struct CorpusTests {
    static let directory: URL? = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path =
            ProcessInfo.processInfo.environment["PERSONA_CORPORA"]
            ?? root.appending(path: "../shared/corpora").standardizedFileURL.path()
        let html = URL(filePath: path).appending(path: "html")
        return FileManager.default.fileExists(atPath: html.path()) ? html : nil
    }()

    @Test(.enabled(if: directory != nil, "The corpora are absent: set PERSONA_CORPORA."))
    func everyArticleGivesVerbatimPoints() throws {
        let directory = try #require(Self.directory)
        var outlined = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.path()).sorted() {
            let file = directory.appending(path: "\(name)/expected.html")
            guard let data = try? Data(contentsOf: file) else { continue }  // not every folder has one
            let text = Self.plainText(String(decoding: data, as: UTF8.self))
            let page = BriefingPage(url: "https://corpus.example/\(name)", title: name, text: text)
            let briefing = ExtractiveWriter.outline(
                request: BriefingRequest(subject: "Briefing", text: ""), pages: [page])
            expectVerbatim(briefing, [page], name)
            if !briefing.points.isEmpty { outlined += 1 }
        }
        #expect(outlined > 20)
    }

    /// Tags become line breaks where they end a block, and vanish elsewhere.
    private static func plainText(_ html: String) -> String {
        var text = ""
        var tag: String?
        for character in html {
            if character == "<" {
                tag = ""
            } else if character == ">", let name = tag {
                let bare = name.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber }.lowercased()
                if !["a", "b", "i", "em", "strong", "span", "code", "sup", "sub", "u"].contains(bare) {
                    text += "\n\n"
                }
                tag = nil
            } else if tag != nil {
                tag?.append(character)
            } else {
                text.append(character.isNewline ? " " : character)
            }
        }
        for (entity, plain) in [("&nbsp;", " "), ("&amp;", "&"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">")] {
            text = text.replacing(entity, with: plain)
        }
        return text
    }
}
