import FoundationEssentials
import TestKit

/// A Dockerfile's instructions, continued lines joined and comments left out.
struct ImageRecipe {
    struct Instruction: Equatable {
        var name: String
        var words: [String]
    }

    let instructions: [Instruction]

    /// That of `Containers/<name>`.
    init(_ name: String) throws {
        let text = try String(contentsOfFile: "\(Repository.root)/Containers/\(name)/Dockerfile", encoding: .utf8)
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n")
        instructions = lines.replacing("\\\n", with: " ").split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            return words.first.map { Instruction(name: $0, words: Array(words.dropFirst())) }
        }
    }

    func all(_ name: String) -> [[String]] { instructions.filter { $0.name == name }.map(\.words) }

    /// The words of the last instruction of this name.
    func last(_ name: String) -> String? { all(name).last?.joined(separator: " ") }

    /// The words of an instruction in its JSON form, such as CMD.
    func list(_ name: String) throws -> [String]? {
        try last(name).map { try JSONDecoder().decode([String].self, from: Data($0.utf8)) }
    }

    /// Debian's packages that it installs.
    var packages: Set<String> {
        for words in all("RUN") {
            guard let install = words.firstIndex(of: "install"), words.contains("apt-get") else { continue }
            return Set(words[(install + 1)...].prefix { $0 != "&&" }.filter { !$0.hasPrefix("-") })
        }
        return []
    }
}
