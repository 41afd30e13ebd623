/// A theme in JSON: the name of a built-in one, or its tokens.
extension Theme {
    package init(from decoder: any Decoder) throws {
        if let name = try? decoder.singleValueContainer().decode(String.self) {  // not a string: tokens
            guard let theme = Self.named(name) else {
                let known = Self.builtIn.map(\.name).joined(separator: ", ")
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "'\(name)' is no theme; known: \(known)."))
            }
            self = theme
            return
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try container.decode(String.self, forKey: .name),
            background: try container.decode(String.self, forKey: .background),
            surface: try container.decode(String.self, forKey: .surface),
            text: try container.decode(String.self, forKey: .text),
            heading: try container.decode(String.self, forKey: .heading),
            muted: try container.decode(String.self, forKey: .muted),
            accent: try container.decode(String.self, forKey: .accent),
            link: try container.decode(String.self, forKey: .link),
            palette: try container.decode([String].self, forKey: .palette),
            headingFont: try container.decode(String.self, forKey: .headingFont),
            bodyFont: try container.decode(String.self, forKey: .bodyFont),
            cover: try container.decodeIfPresent(String.self, forKey: .cover),
            coverText: try container.decodeIfPresent(String.self, forKey: .coverText),
            coverAccent: try container.decodeIfPresent(String.self, forKey: .coverAccent),
            style: try container.decodeIfPresent(Style.self, forKey: .style) ?? .bar,
            spacing: try container.decodeIfPresent(Spacing.self, forKey: .spacing) ?? .standard)
    }
}
