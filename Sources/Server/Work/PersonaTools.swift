import BriefingTool
package import BrowserTool
import CDP
import EmailTool
import ForeignTool
import OfficeTool
package import OrchestratorCore
import ReportTool
package import ToolKit

/// Every tool that a persona's sandbox offers.
package enum PersonaTools {
    package static func registry(browser: SharedBrowser) -> ToolRegistry {
        ToolRegistry(
            EmailTools.all + [
                BrowserRead(browser: browser), TableRead(), DeckCreate(), WorkbookCreate(), ReportCreate(),
                BriefingOutlineTool(), BriefingPromptTool(), BriefingAcceptTool(), BriefingComposeTool(), ForeignCall(),
                ForeignList(),
            ])
    }

    /// What the platform knows of them without running any.
    private static let known = registry(browser: SharedBrowser(options: LaunchOptions()))

    /// Also of those that only the platform calls.
    static let descriptors = known.descriptors

    package static let contracts = known.contracts

    package static let catalog = ToolCatalog(contracts)
}
