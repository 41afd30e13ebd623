import BrowserTool
import CDP
import Domain
import JSONSchema
import Server
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(2))) struct PersonaToolTests {
    private let registry = PersonaTools.registry(browser: SharedBrowser(options: LaunchOptions()))

    @Test func everyToolsShapesAreKnown() {
        #expect(registry.undescribed.isEmpty, "\(registry.undescribed)")
        for contract in registry.contracts {
            #expect(contract.input.document["type"] == "object", "\(contract.descriptor.name)")
            #expect(contract.output.document.object?.isEmpty == false, "\(contract.descriptor.name)")
        }
    }

    @Test func whatAToolNeedsIsThere() {
        let names = Set(registry.descriptors.map(\.name))
        for descriptor in registry.descriptors {
            let needed = descriptor.dependencies + [descriptor.reconciler].compactMap { $0 }
            #expect(names.isSuperset(of: needed), "\(descriptor.name) needs \(needed)")
        }
    }

    @Test func aResourceIsNamedByItsId() throws {
        let reply = try #require(registry.contracts.first { $0.descriptor.name == "email.reply" })
        #expect(reply.input.document["properties"]?["mailbox"] == nil)
        #expect(reply.input.document["properties"]?["mailbox_id"]?["type"] == "string")
        #expect(reply.refusal(of: ["text": "Hello", "attachments": []])?.contains("/mailbox_id is required") == true)
    }

    @Test func aDeckIsHeldToItsSlides() throws {
        let deck = try #require(registry.contracts.first { $0.descriptor.name == "deck.create" })
        let good: JSONValue = [
            "file": "a.pptx",
            "deck": ["title": "A", "slides": [["type": "bullets", "title": "B", "points": [["text": "c"]]]]],
        ]
        #expect(deck.refusal(of: good) == nil)
        let bad: JSONValue = [
            "file": "a.pptx",
            "deck": ["title": "A", "slides": [["type": "bullets", "title": "B", "points": ["c"]]]],
        ]
        let refusal = try #require(deck.refusal(of: bad))
        #expect(refusal.contains("/deck/slides/0/points/0 must be an object"), "\(refusal)")
    }
}
