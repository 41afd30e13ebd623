/// A theme in JSON: the name of a built-in one, or its tokens.
extension Theme {
    package init(from decoder: any Decoder) throws {
        guard let container = try? decoder.container(keyedBy: CodingKeys.self) else {  // no object: a name
            self = try Self.named(by: decoder)
            return
        }
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

    private static func named(by decoder: any Decoder) throws -> Theme {
        let container = try decoder.singleValueContainer()
        do {
            return try container.decode(BuiltInName.self).theme
        } catch {
            let known = BuiltInName.allCases.map(\.rawValue).joined(separator: ", ")
            let name = (try? container.decode(String.self)).map { "'\($0)'" } ?? "This"  // no text: not even a name
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\(name) is no theme; known: \(known)."))
        }
    }
}

/// One of `Theme.builtIn`.
private struct BuiltInName: RawRepresentable, CaseIterable, Codable {
    static let allCases = Theme.builtIn.map { BuiltInName(name: $0.name, theme: $0.theme) }

    let rawValue: String
    let theme: Theme

    private init(name: String, theme: Theme) {
        rawValue = name
        self.theme = theme
    }

    init?(rawValue: String) {
        guard let theme = Theme.named(rawValue) else { return nil }
        self.init(name: rawValue, theme: theme)
    }
}
