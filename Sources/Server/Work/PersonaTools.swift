import BriefingTool
import BrowserTool
import CDP
import CalendarTool
import EmailTool
import FilesTool
import HTTPTool
import OfficeTool
import OrchestratorCore
import ReportTool
import ShellTool
import TableTool
import TextTool
import ToolKit

/// Every tool that a persona's sandbox offers.
enum PersonaTools {
    static func registry(browser: SharedBrowser) -> ToolRegistry {
        let documents: [any Tool] = [
            BrowserRead(browser: browser), TableRead(), DeckCreate(), WorkbookCreate(), ReportCreate(),
            BriefingOutlineTool(), BriefingPromptTool(), BriefingAcceptTool(), BriefingComposeTool(),
        ]
        return ToolRegistry(
            EmailTools.all + documents + FileTools.all + HTTPTools.all + ShellTools.all + TableTools.all
                + TextTools.all + CalendarTools.all)
    }

    /// What the platform knows of them without running any.
    static let descriptors = registry(browser: SharedBrowser(options: LaunchOptions())).descriptors

    static let catalog = ToolCatalog(descriptors)
}
