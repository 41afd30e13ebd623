import BriefingTool
package import BrowserTool
import CDP
import CalendarTool
import DocumentTool
import EmailTool
import FilesTool
import ForeignTool
import Glibc
import HTTPTool
import OfficeTool
package import OrchestratorCore
import ReportTool
import ShellTool
import TableTool
import TextTool
package import ToolKit

/// Every tool that a persona's sandbox offers.
package enum PersonaTools {
    package static func registry(browser: SharedBrowser) -> ToolRegistry {
        let documents: [any Tool] = [
            BrowserRead(browser: browser), TableRead(), DeckCreate(), DeckEdit(), ChartRender(), WorkbookCreate(),
            WorkbookQuery(), WorkbookEditing(), ReportCreate(), DocumentRead(reader: reader), DocumentConvert(),
            DocumentRender(), VideoNarrate(reader: reader), BriefingOutlineTool(), BriefingPromptTool(),
            BriefingAcceptTool(), BriefingComposeTool(),
        ]
        let workspace = FileTools.all + TableTools.all + TextTools.all + CalendarTools.all
        return ToolRegistry(
            EmailTools.all + documents + workspace + HTTPTools.all + ShellTools.all + [ForeignCall(), ForeignList()])
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
