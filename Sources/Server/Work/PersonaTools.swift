import BriefingTool
import BrowserTool
import CDP
import EmailTool
import OfficeTool
import OrchestratorCore
import ReportTool
import ToolKit

/// Every tool that a persona's sandbox offers.
enum PersonaTools {
    static func registry(browser: SharedBrowser) -> ToolRegistry {
        ToolRegistry(
            EmailTools.all + [
                BrowserRead(browser: browser), TableRead(), DeckCreate(), DeckEdit(), WorkbookCreate(), ReportCreate(),
                ChartRender(),
                BriefingOutlineTool(), BriefingPromptTool(), BriefingAcceptTool(), BriefingComposeTool(),
            ])
    }

    /// What the platform knows of them without running any.
    static let descriptors = registry(browser: SharedBrowser(options: LaunchOptions())).descriptors

    static let catalog = ToolCatalog(descriptors)
}
