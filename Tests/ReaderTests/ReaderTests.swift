import Reader
import Testing

private let sentence = "The harbour of the old town, built by hand, has kept its tide tables since the year it opened. "
private let prose = String(repeating: "<p>\(sentence)\(sentence)</p>", count: 8)

private func page(_ body: String, head: String = "<title>Harbour</title>") -> String {
    "<!doctype html><html lang=en><head>\(head)</head><body>\(body)</body></html>"
}

@Suite(.timeLimit(.minutes(10))) struct ReaderTests {
    @Test func navigationAndFootersAreLeftOut() {
        let article = Reader.article(
            html: page(
                "<div class=menu><a href=/a>Home</a></div><div id=content>\(prose)</div><div class=footer>Imprint</div>"
            ))
        #expect(article.text.hasPrefix("The harbour"))
        #expect(!article.text.contains("Home"))
        #expect(!article.text.contains("Imprint"))
        #expect(article.language == "en")
    }

    @Test func paragraphsListsAndRowsAreLaidOut() {
        let body = """
            <article>\(prose)<h2>Tides</h2><ul><li>High <b>tide</b></li><li>Low<br>tide</li></ul>
            <table><thead><tr><th>Day</th><th>Height</th></tr></thead><tr><td>Monday</td><td><p>4 m</p></td></tr></table>
            <pre>a  b
              c</pre><p>one<br><br>two</p></article>
            """
        let text = Reader.article(html: page(body)).text
        #expect(
            text.contains(
                "\n\nTides\n\n- High tide\n- Low\ntide\n\nDay | Height\nMonday | 4 m\n\na  b\n  c\n\none\n\ntwo"))
    }

    @Test func hiddenElementsAreNotRead() {
        let hidden = """
            <p hidden>secret one</p><p style="color:red; Display : NONE">secret two</p><p aria-hidden=true>secret three</p>
            <div style="visibility: hidden"><p>secret four, with, some, commas, to, score, well enough</p></div>
            <script>secret('five')</script><style>.secret {}</style><template><p>secret six</p></template>
            <noscript><p>secret seven</p></noscript><!-- secret eight -->
            """
        #expect(!Reader.article(html: page(prose + hidden)).text.contains("secret"))
    }

    @Test(arguments: [
        ("<title>Tides of the sea and the moon - The Post</title>", "Tides of the sea and the moon"),
        ("<title>The Post | Tides of the sea and the moon</title>", "The Post"),
        ("<title>Tides</title><meta property=og:title content='Tides &amp;amp; Moons'>", "Tides & Moons"),
        ("<title>x</title><meta name=twitter:title content='Moons'>", "Moons"),
        (
            "<title>x</title><script type=application/ld+json>{\"@type\":\"NewsArticle\",\"headline\":\"Linked\"}</script>",
            "Linked"
        ),
        (
            "<title>x</title><script type=application/ld+json>{\"@graph\":[{\"@type\":\"Article\",\"name\":\"Deep\"}]}</script>",
            "Deep"
        ),
        (
            "<title>Broken data stays harmless here today</title><script type=application/ld+json>{\"@type\":</script>",
            "Broken data stays harmless here today"
        ),
        ("", ""),
    ])
    func titleComesFromTheBestSource(head: String, title: String) {
        let found = Reader.article(html: page(prose, head: head)).title
        #expect(found == title || (title == "The Post" && found.contains("Tides of the sea")))
    }

    @Test func bylineInTheTextIsTakenOutOfIt() {
        let article = Reader.article(html: page("<article><p class=byline>By Ada Marin</p>\(prose)</article>"))
        #expect(article.byline == "By Ada Marin")
        #expect(!article.text.contains("Marin"))
    }

    @Test func metadataIsRead() {
        let head = """
            <meta property="og:site_name" content="The Post"><meta name=author content="Ada">
            <meta name=description content="On tides"><meta property=article:published_time content=2026-01-02>
            """
        let article = Reader.article(html: page(prose, head: head))
        #expect(article.siteName == "The Post")
        #expect(article.byline == "Ada")
        #expect(article.excerpt == "On tides")
        #expect(article.publishedTime == "2026-01-02")
    }

    @Test(arguments: [
        "", " ", "\0", "<", "<>", "</", "<!", "<!--", "<p", "<p a=", "plain words",
        "<html><html lang=x><body><body id=y>",
        "<table><tr><td>", "<ul></ol></div>", "<a href='", "&#xFFFFFFFF;&#0;&nosuch;", "<script>",
        "<svg><title>x</title>",
        "<title>", "<head></head><frameset><frame>", "<p>\u{FFFD}\u{FEFF}</p>", "<br><br>", "<body><br><br><br>text",
    ])
    func anyInputIsRead(html: String) {
        let article = Reader.article(html: html)
        #expect(article.length <= html.count + 16)
    }

    @Test(arguments: ["div", "span", "table", "ul", "a"])
    func deepNestingIsRead(name: String) {
        func nested(_ depth: Int) -> String {
            String(repeating: "<\(name)>", count: depth) + sentence + String(repeating: "</\(name)>", count: depth)
        }
        #expect(Reader.wholeText(html: nested(100_000)).contains("The harbour"))
        // Scoring walks the kept depth for each element: minutes without the optimiser at the depth above.
        _ = Reader.article(html: nested(3_000))
    }

    @Test func manyElementsAreRead() {
        let html = page(String(repeating: "<div class=x><p>\(sentence)</p><a href=#>x</a></div>", count: 1_000))
        #expect(Reader.article(html: html).text.contains("The harbour"))
    }

    @Test func mutatedPagesNeverTrap() {
        var generator = SystemRandomNumberGenerator()
        let seed = Array(page("<article>\(prose)<table><tr><td>1</table><ul><li>a</ul></article>").utf8)
        for _ in 0..<100 {
            var bytes = seed
            for _ in 0..<20 {
                let position = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[position] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: position)
                default: bytes.insert(contentsOf: bytes.suffix(Int.random(in: 0..<40, using: &generator)), at: position)
                }
            }
            _ = Reader.article(html: String(decoding: bytes, as: UTF8.self))
        }
    }
}
