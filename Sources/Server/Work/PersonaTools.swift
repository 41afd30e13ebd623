import BriefingTool
import BrowserTool
import CDP
import DocumentTool
import EmailTool
import Glibc
import OfficeTool
import OrchestratorCore
import ReportTool
import ToolKit

/// Every tool that a persona's sandbox offers.
enum PersonaTools {
    static func registry(browser: SharedBrowser) -> ToolRegistry {
        ToolRegistry(
            EmailTools.all + [
                BrowserRead(browser: browser), TableRead(), DeckCreate(), WorkbookCreate(), ReportCreate(),
                ChartCreate(),
                DocumentRead(reader: reader), DocumentConvert(), DocumentRender(), VideoNarrate(reader: reader),
                BriefingOutlineTool(), BriefingPromptTool(), BriefingAcceptTool(), BriefingComposeTool(),
            ])
    }

    /// This program once more, as `DocumentReaderCommand`. The link is followed here: behind a program that sets limits
    /// it would lead to that one.
    private static let reader: [String] = {
        var path = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &path, path.count)
        return [
            String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self),
            "document-reader",
        ]
    }()

    /// What the platform knows of them without running any.
    static let descriptors = registry(browser: SharedBrowser(options: LaunchOptions())).descriptors

    static let catalog = ToolCatalog(descriptors)
}
