import BriefingTool
import Testing

@Suite(.timeLimit(.minutes(10))) struct SentenceSplitterTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var text: String
        var sentences: [String]

        init(_ text: String, _ sentences: [String]) {
            self.text = text
            self.sentences = sentences
        }

        var testDescription: String { text }
    }

    static let examples: [Example] = [
        Example("", []), Example(" \n\t ", []), Example("...", ["..."]),
        Example("One. Two! Three?", ["One.", "Two!", "Three?"]),
        Example("Dr. Smith met Mr. J. Jones. They spoke.", ["Dr. Smith met Mr. J. Jones.", "They spoke."]),
        Example("It grew by 3.5 percent. Then it fell.", ["It grew by 3.5 percent.", "Then it fell."]),
        Example("The U.S. Senate voted. It passed.", ["The U.S. Senate voted.", "It passed."]),
        Example("He said “Stop.” Then he left.", ["He said “Stop.”", "Then he left."]),
        Example("“Why?” she asked. No one knew.", ["“Why?” she asked.", "No one knew."]),
        Example("See No. 5 for more. I said no. He left.", ["See No. 5 for more.", "I said no.", "He left."]),
        Example("Wait... what? Yes.", ["Wait... what?", "Yes."]),
        Example("Am 3. Oktober war es z.B. kalt. Danach nicht.", ["Am 3. Oktober war es z.B. kalt.", "Danach nicht."]),
        Example("M. Dupont est là. Il parle.", ["M. Dupont est là.", "Il parle."]),
        Example("¿Qué pasó? ¡Nada! Fin.", ["¿Qué pasó?", "¡Nada!", "Fin."]),
        Example("كيف حالك؟ أنا بخير. شكرا!", ["كيف حالك؟", "أنا بخير.", "شكرا!"]),
        Example("今日は晴れです。明日は雨でしょう！本当ですか？", ["今日は晴れです。", "明日は雨でしょう！", "本当ですか？"]),
        Example("他说：“你好。”然后走了。", ["他说：“你好。”", "然后走了。"]),
        Example("यह एक है। यह दो है।", ["यह एक है।", "यह दो है।"]),
        Example("A title\nA sentence here.", ["A title", "A sentence here."]),
        Example(
            "This line is long enough to look like it was wrapped by\na program. It goes on.",
            ["This line is long enough to look like it was wrapped by a program.", "It goes on."]),
        Example("Visit example.com today. Good.", ["Visit example.com today.", "Good."]),
    ]

    @Test(arguments: examples) func sentencesEndWhereReadersEndThem(_ example: Example) {
        #expect(SentenceSplitter.sentences(in: example.text) == example.sentences)
    }
}
