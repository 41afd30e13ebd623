/// Three families, each light and dark. Their fonts have metric twins everywhere (Liberation, Carlito, Caladea), so that
/// text measured here fits there.
extension Theme {
    /// By the names that JSON may give; `light` and `dark` are the first family.
    package static let builtIn: [(name: String, theme: Theme)] = [
        ("clarity", light), ("clarity-dark", dark), ("editorial", editorial), ("editorial-dark", editorialDark),
        ("signal", signal), ("signal-dark", signalDark), ("light", light), ("dark", dark),
    ]

    package static func named(_ name: String) -> Theme? { builtIn.first { $0.name == name }?.theme }

    /// Deep teal on white.
    package static let light = Theme(
        name: "Clarity", background: "FFFFFF", surface: "F1F5F7", text: "24313A", heading: "0F2A3D", muted: "566773",
        accent: "0B7285", link: "0B5FA5",
        palette: ["0B7285", "E8883A", "5B5F97", "2F9E6E", "C2416B", "8A6D3B", "3B8EA5", "7A8B99"],
        headingFont: "Arial", bodyFont: "Arial", cover: "0F2A3D", coverText: "FFFFFF", coverAccent: "4CC9D0")

    /// Light text on deep blue.
    package static let dark = Theme(
        name: "Clarity Dark", background: "0F1E2B", surface: "1B2F40", text: "E6EDF2", heading: "FFFFFF",
        muted: "A9BAC7", accent: "3FC1C9", link: "8CC8FF",
        palette: ["3FC1C9", "F2A65A", "A6A4E0", "6FCF97", "F28CA8", "D9B46A", "8FC7E0", "B8C4CE"],
        headingFont: "Arial", bodyFont: "Arial", cover: "091520", coverText: "FFFFFF", coverAccent: "3FC1C9")

    /// Brick red and ink on paper, titles with serifs.
    package static let editorial = Theme(
        name: "Editorial", background: "FBF8F3", surface: "F1EADF", text: "2B2724", heading: "1F1A17",
        muted: "665B54", accent: "A63D2F", link: "8A2F23",
        palette: ["A63D2F", "2F5D62", "C08A2E", "5B4B6B", "7A8450", "8C6A5A", "4A7C87", "A89F91"],
        headingFont: "Cambria", bodyFont: "Calibri", cover: "FBF8F3", coverText: "1F1A17", coverAccent: "A63D2F",
        style: .rule, spacing: Spacing(margin: 64, gutter: 36, paragraph: 10, corner: 0))

    /// Warm light on near black, titles with serifs.
    package static let editorialDark = Theme(
        name: "Editorial Dark", background: "1C1917", surface: "2A2521", text: "EDE6DC", heading: "FFF9F0",
        muted: "B8AC9F", accent: "E58B6B", link: "F0B08F",
        palette: ["E58B6B", "8FBFB8", "E3B65B", "B9A3CF", "B5C07F", "D1A78F", "7FB3C2", "C9BFB2"],
        headingFont: "Cambria", bodyFont: "Calibri", cover: "1C1917", coverText: "FFF9F0", coverAccent: "E58B6B",
        style: .rule, spacing: Spacing(margin: 64, gutter: 36, paragraph: 10, corner: 0))

    /// Indigo with bright companions.
    package static let signal = Theme(
        name: "Signal", background: "FFFFFF", surface: "F3F1FD", text: "25233A", heading: "1B1740", muted: "5D5A78",
        accent: "4F3BD9", link: "3B2BB5",
        palette: ["4F3BD9", "F0627C", "14A38B", "F2A541", "3E8FE0", "9A6BE0", "D65DB1", "8D8AA8"],
        headingFont: "Calibri", bodyFont: "Calibri", cover: "3223A0", coverText: "FFFFFF", coverAccent: "FFC36B",
        style: .block, spacing: Spacing(margin: 58, gutter: 28, paragraph: 10, corner: 12))

    /// Violet light on midnight blue.
    package static let signalDark = Theme(
        name: "Signal Dark", background: "14122B", surface: "221F45", text: "E9E7FA", heading: "FFFFFF",
        muted: "B3AFD6", accent: "9D8CFF", link: "B9ADFF",
        palette: ["9D8CFF", "FF8FA3", "4FD1B8", "FFC36B", "7FBBFF", "CBA6FF", "F29BD4", "B8B5D0"],
        headingFont: "Calibri", bodyFont: "Calibri", cover: "241B6B", coverText: "FFFFFF", coverAccent: "FFC36B",
        style: .block, spacing: Spacing(margin: 58, gutter: 28, paragraph: 10, corner: 12))
}
