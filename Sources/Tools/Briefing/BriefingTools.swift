package import DocumentModel
package import ToolKit

/// `briefing.outline`: an outline by the built-in extractive writer.
package struct BriefingOutlineTool: Tool {
    package struct Input: Sendable, Codable {
        package var request: BriefingRequest
        package var sources: [BriefingPage]
        package var table: BriefingTable?

        package init(request: BriefingRequest, sources: [BriefingPage], table: BriefingTable? = nil) {
            self.request = request
            self.sources = sources
            self.table = table
        }

        enum CodingKeys: String, CodingKey { case request, sources, table }
    }

    package static let descriptor = ToolDescriptor(
        name: "briefing.outline",
        summary: """
            Outlines a briefing without a language model: ranks the sentences of the sources (TextRank) and quotes the \
            best, each with its source. Use it where no model is configured or a model failed.
            """, effect: .read, timeoutSeconds: 30, dependencies: ["browser.read"],
        keywords: ["summary", "summarise", "digest", "key points"])

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Briefing {
        ExtractiveWriter.outline(request: input.request, pages: input.sources, table: input.table?.normalized())
    }
}

/// `briefing.prompt`: the messages that ask a language model for an outline.
package struct BriefingPromptTool: Tool {
    package struct Output: Sendable, Codable {
        package var messages: [BriefingPrompt.Message]

        enum CodingKeys: String, CodingKey { case messages }
    }

    package static let descriptor = ToolDescriptor(
        name: "briefing.prompt",
        summary: "Builds the messages that ask a language model for an outline, with outside content fenced as data.",
        effect: .read, timeoutSeconds: 30, dependencies: ["browser.read"], keywords: ["ask", "llm", "instructions"])

    package init() {}

    package func call(_ input: BriefingOutlineTool.Input, in context: ToolContext) async throws -> Output {
        Output(messages: BriefingPrompt.messages(request: input.request, pages: input.sources, table: input.table))
    }
}

/// `briefing.accept`: checks a language model's outline.
package struct BriefingAcceptTool: Tool {
    package struct Input: Sendable, Codable {
        /// What the model answered.
        package var text: String
        package var model: String
        package var request: BriefingRequest
        package var sources: [BriefingPage]

        package init(text: String, model: String, request: BriefingRequest, sources: [BriefingPage]) {
            self.text = text
            self.model = model
            self.request = request
            self.sources = sources
        }

        enum CodingKeys: String, CodingKey { case text, model, request, sources }
    }

    package static let descriptor = ToolDescriptor(
        name: "briefing.accept",
        summary: """
            Turns a language model's answer into a briefing; refuses it where it is no JSON, has no points or cites a \
            source that does not exist. On refusal use briefing.outline.
            """, effect: .read, timeoutSeconds: 30, dependencies: ["briefing.prompt"],
        keywords: ["verify", "validate", "llm", "citations"])

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Briefing {
        do {
            return try Briefing.fromModel(
                text: input.text, model: input.model, request: input.request, sources: input.sources)
        } catch {
            throw ToolFailure(.invalidInput, code: error.code.rawValue, error.message)
        }
    }
}

/// `briefing.compose`: the documents and the answer, out of a briefing.
package struct BriefingComposeTool: Tool {
    package struct Input: Sendable, Codable {
        package var briefing: Briefing
        package var request: BriefingRequest
        /// In the order of the briefing's sources.
        package var pages: [BriefingPage]
        package var table: BriefingTable?
        package var failures: [BriefingLoss]?
        package var persona: BriefingPersona?
        /// Where a language model was asked in vain.
        package var modelFailure: BriefingModelFailure?

        package init(
            briefing: Briefing, request: BriefingRequest, pages: [BriefingPage], table: BriefingTable? = nil,
            failures: [BriefingLoss]? = nil, persona: BriefingPersona? = nil,
            modelFailure: BriefingModelFailure? = nil
        ) {
            self.briefing = briefing
            self.request = request
            self.pages = pages
            self.table = table
            self.failures = failures
            self.persona = persona
            self.modelFailure = modelFailure
        }

        enum CodingKeys: String, CodingKey {
            case briefing, request, pages, table, failures, persona
            case modelFailure = "model_failure"
        }
    }

    package struct Output: Sendable, Codable {
        package var deck: Deck
        /// `nil` without a table.
        package var workbook: Workbook?
        package var report: Report
        package var replyText: String

        enum CodingKeys: String, CodingKey {
            case deck, workbook, report
            case replyText = "reply_text"
        }
    }

    package static let descriptor = ToolDescriptor(
        name: "briefing.compose",
        summary: "Composes a deck, a workbook, a report and the answering mail's text out of a briefing.",
        effect: .read, timeoutSeconds: 30, dependencies: ["briefing.outline", "table.read"],
        keywords: ["write", "documents", "package"])

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let composition = Composition(
            briefing: input.briefing, request: input.request, pages: input.pages, table: input.table,
            losses: input.failures ?? [], persona: input.persona, modelFailure: input.modelFailure)
        let workbook = WorkbookComposer(composition: composition).workbook()
        let output = Output(
            deck: DeckComposer(composition: composition).deck(), workbook: workbook,
            report: ReportComposer(composition: composition).report(),
            replyText: ReplyComposer(composition: composition, hasWorkbook: workbook != nil).text())
        let faults = output.deck.validate() + (output.workbook?.validate() ?? []) + output.report.validate()
        if let fault = faults.first {
            throw ToolFailure(.invalidInput, code: "document_\(fault.code)", "The briefing makes no document: \(fault)")
        }
        return output
    }
}
