/// What authors' names for elements tell: words looked for in class and id.
enum Hints {
    /// Seldom part of an article.
    static let unlikely = [
        "-ad-", "ad-break", "agegate", "ai2html", "banner", "breadcrumb", "combx", "comment", "community", "cookie",
        "cover-wrap", "disqus", "extra", "footer", "gdpr", "header", "legends", "menu", "newsletter", "pager",
        "pagination", "popup", "related", "remark", "replies", "rss", "shoutbox", "sidebar", "skyscraper", "social",
        "sponsor", "supplemental", "yom-remote",
    ]
    /// Wins over `unlikely`.
    static let possible = ["and", "article", "body", "column", "content", "main", "mathjax", "shadow"]
    static let positive = [
        "article", "body", "content", "entry", "hentry", "h-entry", "main", "page", "pagination", "post", "text",
        "blog", "story",
    ]
    static let negative = [
        "-ad-", "hidden", "banner", "combx", "comment", "com-", "contact", "footer", "gdpr", "masthead", "media",
        "meta", "outbrain", "promo", "related", "scroll", "share", "shoutbox", "sidebar", "skyscraper", "sponsor",
        "shopping", "tags", "widget",
    ]
    static let byline = ["byline", "author", "dateline", "writtenby", "p-author"]
    static let roles: Set<String> = [
        "menu", "menubar", "complementary", "navigation", "alert", "alertdialog", "dialog",
    ]
    /// Never shown, or never text.
    static let silent: Set<String> = [
        "script", "style", "noscript", "template", "svg", "canvas", "audio", "video", "head", "link", "meta", "map",
        "dialog",
    ]
    static let phrasing: Set<String> = [
        "abbr", "audio", "b", "bdo", "bdi", "big", "br", "button", "cite", "code", "data", "datalist", "dfn", "em",
        "embed", "font", "i", "img", "input", "kbd", "label", "mark", "math", "meter", "noscript", "object", "output",
        "progress", "q", "ruby", "rb", "rp", "rt", "samp", "script", "select", "small", "span", "strike", "strong",
        "sub", "sup", "textarea", "time", "tt", "u", "s", "var", "wbr", "picture", "source", "nobr", "acronym",
    ]
    /// Phrasing where their content is.
    static let transparent: Set<String> = ["a", "del", "ins", "map"]
    static let block: Set<String> = [
        "blockquote", "dl", "div", "img", "ol", "p", "pre", "table", "ul", "section", "article", "main", "figure",
        "h1", "h2", "h3", "h4", "h5", "h6", "header", "footer", "aside", "nav", "form", "center", "hr", "address",
        "figcaption", "details", "fieldset", "dd", "dt", "li", "td", "th", "tr", "tbody", "thead", "tfoot", "caption",
        "body", "html", "summary",
    ]
    /// A `div` with none of these below is a paragraph.
    static let divisionBlocks: Set<String> = ["blockquote", "dl", "div", "img", "ol", "p", "pre", "table", "ul"]
    static let headings: Set<String> = ["h1", "h2", "h3", "h4", "h5", "h6"]

    /// +25 or -25 for the class and for the id each, whichever speak.
    static func weight(_ node: ElementTree.Node) -> Double {
        ["class", "id"].reduce(0) { sum, attribute in
            guard let value = node.attributes[attribute]?.lowercased(), !value.isEmpty else { return sum }
            return sum + (value.contains(anyOf: negative) ? -25 : 0) + (value.contains(anyOf: positive) ? 25 : 0)
        }
    }

    static func isHidden(_ node: ElementTree.Node) -> Bool {
        let attributes = node.attributes
        if attributes["hidden"] != nil { return true }
        if attributes["aria-hidden"]?.lowercased() == "true",
            !(attributes["class"] ?? "").contains(anyOf: ["fallback-image"])
        {
            return true
        }
        guard let style = attributes["style"]?.lowercased() else { return false }
        let tight = style.filter { !$0.isWhitespace }
        return tight.contains(anyOf: ["display:none", "visibility:hidden"])
    }
}
