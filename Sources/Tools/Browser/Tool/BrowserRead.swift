import CDP
package import Domain
import FoundationEssentials
import JSONSchema
import Reader
package import ToolKit

/// Opens a web page in headless Chromium and takes its main text, its title and a picture of its first screen.
///
/// Nothing on the page is clicked. Each call has its own cookies and storage, forgotten afterwards.
package struct BrowserRead: Tool {
    package struct Input: Codable, Sendable, SchemaAnnotated {
        package var url: String
        /// Names the screenshot's file.
        package var name: String

        package static let schemaWords: [String: JSONValue] = [
            "url": ["description": "Address of the page, http or https.", "format": "uri", "maxLength": 8_192],
            "name": ["description": "Names the screenshot's file, without an ending."],
        ]

        package init(url: String, name: String) {
            self.url = url
            self.name = name
        }
    }

    package struct Output: Codable, Sendable {
        package var url: String
        /// Where redirects led.
        package var finalURL: String
        package var title: String
        /// Paragraphs separated by blank lines; at most `PageLimit.textCharacters`.
        package var text: String
        package var excerpt: String?
        package var byline: String?
        package var language: String?
        package var screenshot: WorkspaceFile?
        /// HTTP status of the document.
        package var status: Int
        /// What a reader should know: the page did not finish loading, the text was cut.
        package var note: String?

        enum CodingKeys: String, CodingKey {
            case url, title, text, excerpt, byline, language, screenshot, status, note
            case finalURL = "final_url"
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(url, forKey: .url)
            try container.encode(finalURL, forKey: .finalURL)
            try container.encode(title, forKey: .title)
            try container.encode(text, forKey: .text)
            try container.encodeIfPresent(excerpt, forKey: .excerpt)
            try container.encodeIfPresent(byline, forKey: .byline)
            try container.encodeIfPresent(language, forKey: .language)
            // `null` where no picture could be taken: the contract names this member always.
            try container.encode(screenshot, forKey: .screenshot)
            try container.encode(status, forKey: .status)
            try container.encodeIfPresent(note, forKey: .note)
        }
    }

    package static let descriptor = ToolDescriptor(
        name: "browser.read",
        summary: "Opens a web page in a browser and returns its title, main text and a screenshot of its first screen.",
        effect: .read, usesNetwork: true, timeoutSeconds: PageLimit.callSeconds,
        keywords: ["website", "internet", "url", "link", "visit", "scrape", "article", "look up", "online"])

    private let browser: SharedBrowser

    package init(browser: SharedBrowser) { self.browser = browser }

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let address = try PageAddress(input.url)
        context.progress("Opening \(address.host)")
        do {
            return try await browser.withContext(proxy: context.proxy) { set in
                try await read(input, with: try await set.newPage(), in: context)
            }
        } catch let error as BrowserError {
            throw ToolFailure(error, host: address.host)
        }
    }

    private func read(_ input: Input, with page: Page, in context: ToolContext) async throws -> Output {
        let latest = context.deadline - PageLimit.readingReserve
        let navigation = try await page.navigate(input.url, deadline: min(.now + BrowserLimit.navigation, latest))
        let visit = try PageVisit(navigation, asked: input.url)
        // The text matters more: a page without a picture is still read.
        let picture = try await picture(of: page, name: input.name, in: context)
        let html = try await page.html(deadline: min(.now + BrowserLimit.command, context.deadline))
        let content = try PageContent(html, of: visit)
        return Output(
            url: input.url, finalURL: visit.url, title: content.title, text: content.text,
            excerpt: content.article.excerpt, byline: content.article.byline, language: content.article.language,
            screenshot: picture, status: visit.status, note: content.note)
    }

    private func picture(of page: Page, name: String, in context: ToolContext) async throws -> WorkspaceFile? {
        let bytes: Data
        do {
            bytes = try await page.screenshot(deadline: min(.now + PageLimit.screenshot, context.deadline))
        } catch let error as BrowserError where error.code != .exited && error.code != .pageCrashed {
            return nil
        }
        let name = PageLimit.fileName(name)
        let path = "pages/\(name).png"
        do {
            try FileManager.default.createDirectory(
                atPath: context.directory + "/pages", withIntermediateDirectories: true)
            try bytes.write(to: URL(filePath: "\(context.directory)/\(path)"), options: .atomic)
        } catch {
            throw ToolFailure(
                .permanent, code: "screenshot_not_written", "The screenshot could not be written to '\(path)': \(error)"
            )
        }
        return WorkspaceFile(path: path, name: "\(name).png", mediaType: "image/png", size: bytes.count)
    }
}

/// Bounds of reading a page.
package enum PageLimit {
    /// Whole call: launch, navigation and reading fit.
    package static let callSeconds = 60
    /// Kept back from navigation for picture and text.
    package static let readingReserve = Duration.seconds(8)
    package static let screenshot = Duration.seconds(5)
    /// About 60 printed pages; more would not fit a briefing.
    package static let textCharacters = 200_000
    /// A page with less text that speaks of captchas or logins is a wall, not an article about them.
    package static let wallCharacters = 1_200
    package static let addressBytes = 8_192
    package static let nameCharacters = 64

    /// Letters, digits, `-` and `_` of a proposed name: the file's name is ours, whatever was proposed.
    static func fileName(_ proposed: String) -> String {
        let kept = proposed.unicodeScalars.map { scalar -> Character in
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            return isPlain || scalar == "_" ? Character(scalar) : "-"
        }
        let parts = String(kept).split(separator: "-").joined(separator: "-").prefix(nameCharacters)
        return parts.isEmpty ? "page" : String(parts)
    }
}
