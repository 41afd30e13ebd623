import Glibc

/// TextRank over sentences (Mihalcea and Tarau, "TextRank: Bringing Order into Texts", 2004): two sentences are as
/// close as their common words over the logarithms of their lengths, and rank flows along closeness.
struct TextRank {
    static let damping = 0.85
    static let maximumIterations = 50
    /// Change of any rank under which it has converged.
    static let tolerance = 0.0001

    /// Ranks that sum to about one. `bias` says where rank comes from when it does not flow: all equal for plain
    /// TextRank, larger for sentences near the request (as in personalised PageRank).
    static func ranks(of sentences: [[String]], bias: [Double]) -> [Double] {
        let count = sentences.count
        guard count > 0, bias.count == count else { return [] }
        let words = numbered(sentences)
        let closeness = matrix(words)
        let outflow = closeness.map { $0.reduce(0, +) }
        let total = bias.reduce(0, +)
        let source = total > 0 ? bias.map { $0 / total } : Array(repeating: 1 / Double(count), count: count)
        var ranks = source
        for _ in 0..<maximumIterations {
            // What sentences without any neighbour hold goes back to the source, or rank would leak away.
            let idle = (0..<count).reduce(0) { outflow[$1] == 0 ? $0 + ranks[$1] : $0 }
            let flow = (0..<count).map { outflow[$0] == 0 ? 0 : ranks[$0] / outflow[$0] }
            var next = source.map { (1 - damping + damping * idle) * $0 }
            for (index, row) in closeness.enumerated() where flow[index] > 0 {
                for (other, weight) in row.enumerated() where weight > 0 {
                    next[other] += damping * weight * flow[index]
                }
            }
            let change = zip(ranks, next).reduce(0) { max($0, abs($1.0 - $1.1)) }
            ranks = next
            if change < tolerance { break }
        }
        return ranks
    }

    /// Common words over the sum of the logarithms of both lengths; 0 for sentences of fewer than two words.
    static func similarity(_ left: [Int], _ right: [Int]) -> Double {
        guard left.count > 1, right.count > 1 else { return 0 }
        let common = overlap(left, right)
        return common == 0 ? 0 : Double(common) / (log(Double(left.count)) + log(Double(right.count)))
    }

    /// Distinct words as ascending numbers.
    static func numbered(_ sentences: [[String]]) -> [[Int]] {
        var numbers: [String: Int] = [:]
        return sentences.map { words in
            let distinct = Set(
                words.map { word in
                    if let number = numbers[word] { return number }
                    let number = numbers.count
                    numbers[word] = number
                    return number
                })
            return distinct.sorted()
        }
    }

    static func overlap(_ left: [Int], _ right: [Int]) -> Int {
        var (first, second, common) = (0, 0, 0)
        while first < left.count, second < right.count {
            if left[first] == right[second] {
                common += 1
                first += 1
                second += 1
            } else if left[first] < right[second] {
                first += 1
            } else {
                second += 1
            }
        }
        return common
    }

    private static func matrix(_ words: [[Int]]) -> [[Double]] {
        var matrix = Array(repeating: Array(repeating: 0.0, count: words.count), count: words.count)
        for row in words.indices {
            for column in words.indices where column > row {
                let weight = similarity(words[row], words[column])
                matrix[row][column] = weight
                matrix[column][row] = weight
            }
        }
        return matrix
    }
}
