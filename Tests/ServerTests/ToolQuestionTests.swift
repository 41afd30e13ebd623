import BrowserTool
import CDP
import Server
import Testing
import ToolKit
import ToolSearch

/// Questions as people ask them, among the platform's tools and 500 of others.
@Suite(.timeLimit(.minutes(5))) struct ToolQuestionTests {
    private static let questions: [(String, String)] = [
        ("answer this customer's mail with the files attached", "email.reply"),
        ("write back to the person who emailed us", "email.reply"),
        ("respond to a message in the same thread", "email.reply"),
        ("has anything new arrived in the inbox?", "email.poll"),
        ("check for unread emails", "email.poll"),
        ("wait until the next letter comes in", "email.poll"),
        ("open a message and get its attachments", "email.read"),
        ("what does the mail say and who sent it", "email.read"),
        ("was my answer really sent?", "email.find_sent"),
        ("look in the outbox for a delivered reply", "email.find_sent"),
        ("visit a website and tell me what it says", "browser.read"),
        ("read an article on the internet", "browser.read"),
        ("take a screenshot of a web page", "browser.read"),
        ("open this link and get the main text", "browser.read"),
        ("import a CSV file", "table.read"),
        ("parse the comma separated data that was attached", "table.read"),
        ("load delivery numbers from a csv into rows and columns", "table.read"),
        ("make slides for the board meeting", "deck.create"),
        ("build a powerpoint with charts and speaker notes", "deck.create"),
        ("I need a slideshow for my pitch", "deck.create"),
        ("presentation with pictures and linked sources", "deck.create"),
        ("create an Excel file with formulas", "workbook.create"),
        ("put these numbers into a spreadsheet with totals", "workbook.create"),
        ("an xlsx with typed columns", "workbook.create"),
        ("print a two-page handout as PDF", "report.create"),
        ("write a memo that can be printed", "report.create"),
        ("tagged pdf document with headings and citations", "report.create"),
        ("summarise these pages into key points without a model", "briefing.outline"),
        ("outline a briefing from several sources", "briefing.outline"),
        ("condense the sources into their best sentences", "briefing.outline"),
        ("which messages should I give a language model for an outline", "briefing.prompt"),
        ("verify the citations in what the llm wrote", "briefing.accept"),
        ("check the model's answer for sources that do not exist", "briefing.accept"),
        ("compose deck, workbook, report and the mail text in one go", "briefing.compose"),
        ("turn a briefing into all its documents", "briefing.compose"),
        ("register a new supplier in the purchasing system", "purchasing.create_supplier"),
        ("which invoices are overdue?", "billing.list_overdue_invoices"),
        ("cancel a shipment that has not left the warehouse", "logistics.cancel_shipment"),
        ("how much stock is left of an article", "warehouse.get_stock_level"),
        ("book a meeting room", "facilities.book_room"),
        ("translate a text into German", "language.translate_text"),
        ("what will the weather be in Oslo tomorrow", "weather.get_forecast"),
        ("send a text message to a phone", "phone.send_sms"),
        ("convert euros to dollars", "finance.convert_currency"),
        ("approve a holiday request of an employee", "hr.approve_leave_request"),
    ]

    private static let foreign: [ToolDescriptor] = {
        let named = [
            ("purchasing.create_supplier", "Creates a supplier (vendor) record."),
            ("billing.list_overdue_invoices", "Lists invoices whose due date has passed."),
            ("logistics.cancel_shipment", "Cancels a shipment before it is picked up."),
            ("warehouse.get_stock_level", "Returns the quantity on hand of a product."),
            ("facilities.book_room", "Reserves a conference room for a time span."),
            ("language.translate_text", "Translates text between languages."),
            ("weather.get_forecast", "Weather forecast for a place and day."),
            ("phone.send_sms", "Sends a short message (SMS) to a phone number."),
            ("finance.convert_currency", "Converts an amount between currencies such as EUR and USD."),
            ("hr.approve_leave_request", "Approves vacation, holiday or sick leave of an employee."),
        ]
        let areas = ["crm", "erp", "helpdesk", "wiki", "projects", "assets", "fleet", "lab", "events", "payroll"]
        let verbs = ["create", "get", "list", "update", "delete"]
        let things = [
            "record", "customer", "order", "ticket", "document", "comment", "attachment", "report", "message", "task",
        ]
        var tools = named
        for area in areas {
            for verb in verbs {
                for thing in things {
                    tools.append(
                        ("\(area).\(verb)_\(thing)", "Can \(verb) a \(thing) in the \(area) system by its identifier."))
                }
            }
        }
        return tools.map { ToolDescriptor(name: $0.0, summary: $0.1, effect: .read) }
    }()

    @Test func thePlatformsOwnToolsAreFound() {
        let own = PersonaTools.contracts.map(\.descriptor)
        let index = ToolIndex(own)
        let asked = Self.questions.filter { question in own.contains { $0.name == question.1 } }
        let missed = asked.filter { !Self.top(index, $0.0).contains($0.1) }
        #expect(asked.count == 35)
        #expect(missed.isEmpty, "\(missed)")
    }

    @Test func oneToolInFiveHundredIsFound() {
        let index = ToolIndex(PersonaTools.contracts.map(\.descriptor) + Self.foreign)
        #expect(Self.foreign.count >= 500)
        let missed = Self.questions.filter { !Self.top(index, $0.0).contains($0.1) }
        #expect(missed.count <= 2, "\(missed)")
    }

    private static func top(_ index: ToolIndex, _ question: String) -> [String] {
        index.search(question, limit: 5).filter { $0.neededBy == nil }.map(\.name)
    }
}
