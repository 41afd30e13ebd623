import BriefingTool
package import BrowserTool
import CDP
import DocumentTool
import EmailTool
import Glibc
import OfficeTool
package import OrchestratorCore
import ReportTool
package import ToolKit

/// Every tool that a persona's sandbox offers.
package enum PersonaTools {
    package static func registry(browser: SharedBrowser) -> ToolRegistry {
        ToolRegistry(
            EmailTools.all + [
                BrowserRead(browser: browser), TableRead(), DeckCreate(), DeckEdit(), ChartRender(), WorkbookCreate(),
                WorkbookQuery(), WorkbookEditing(), ReportCreate(),
                DocumentRead(reader: reader), DocumentConvert(), DocumentRender(),
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
    private static let known = registry(browser: SharedBrowser(options: LaunchOptions()))

    /// Also of those that only the platform calls.
    static let descriptors = known.descriptors

    package static let contracts = known.contracts

    package static let catalog = ToolCatalog(contracts)
}
