import Testing
import ToolKit
import ToolSearch

@Suite(.timeLimit(.minutes(2))) struct ToolIndexTests {
    private func tool(_ name: String, _ summary: String, _ keywords: [String] = [], needs: [String] = [])
        -> ToolDescriptor
    {
        ToolDescriptor(name: name, summary: summary, effect: .read, dependencies: needs, keywords: keywords)
    }

    private var few: [ToolDescriptor] {
        [
            tool("email.reply", "Answers a message in its thread.", needs: ["email.read"]),
            tool("email.read", "Reads one message.", needs: ["email.poll"]),
            tool("email.poll", "Lists new messages of the inbox."),
            tool("deck.create", "Writes a presentation with native charts."),
            tool("crm.deleteCustomer", "Removes a customer for good."),
        ]
    }

    @Test func whatAToolNeedsComesWithIt() {
        let hits = ToolIndex(few).search("respond", limit: 1)
        #expect(hits.map(\.name) == ["email.reply", "email.read", "email.poll"])
        #expect(hits.map(\.neededBy) == [nil, "email.reply", "email.reply"])
    }

    @Test(arguments: [
        ("slides for tomorrow's meeting", "deck.create"), ("presentatoin", "deck.create"),
        ("erase the client's record", "crm.deleteCustomer"), ("messages that have arrived", "email.poll"),
    ])
    func synonymsInflectionsAndMisspellingsMeet(query: String, name: String) {
        #expect(ToolIndex(few).search(query, limit: 2).first { $0.neededBy == nil }?.name == name)
    }

    @Test func aQuestionAboutNothingFindsNothing() {
        #expect(ToolIndex(few).search("", limit: 5).isEmpty)
        #expect(ToolIndex(few).search("the of and 🦆", limit: 5).isEmpty)
        #expect(ToolIndex([]).search("mail", limit: 5).isEmpty)
    }

    @Test func aCircleOfNeedsEnds() {
        let circle = [tool("a.one", "Weighs elephants.", needs: ["a.two"]), tool("a.two", "Other.", needs: ["a.one"])]
        #expect(ToolIndex(circle).search("elephant", limit: 5).map(\.name) == ["a.one", "a.two"])
    }
}
