/// Paper sizes, in points (1/72 inch).
package enum Paper: String, Sendable, Hashable, Codable, CaseIterable {
    case a4, letter

    package var width: Double { self == .a4 ? 595.276 : 612 }
    package var height: Double { self == .a4 ? 841.89 : 792 }

    /// Letter where the language tag names a country that prints on it (Unicode CLDR, "paperSize"), else A4.
    package static func usual(forLanguage tag: String) -> Paper {
        let countries: Set<String> = ["US", "CA", "MX", "PH", "CL", "CO", "CR", "GT", "NI", "PA", "PR", "SV", "VE"]
        let region = tag.split { $0 == "-" || $0 == "_" }.dropFirst().first { $0.utf8.count == 2 }
        return region.map { countries.contains($0.uppercased()) } == true ? .letter : .a4
    }
}
