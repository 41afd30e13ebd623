/// Runs worlds by seed and says which of them broke a rule.
package enum Simulator {
    /// What one seed led to.
    package struct Verdict: Sendable {
        package let seed: UInt64
        /// Rules that were broken; empty where all is well.
        package let findings: [String]
        /// Line by line, where asked for.
        package let trace: [String]
        /// Events of the world, and commits of its runs.
        package let happenings: Int
        package let commits: Int
    }

    /// The whole world of one seed. The same seed gives the same verdict, whatever the machine.
    package static func verdict(seed: UInt64, mutation: Mutation? = nil, isTracing: Bool = false) -> Verdict {
        do {
            let world = try World(seed: seed, mutation: mutation, isTracing: isTracing)
            world.run()
            var oracle = Oracle(world)
            oracle.ask()
            world.end()
            return Verdict(
                seed: seed, findings: oracle.findings, trace: world.trace, happenings: world.happened,
                commits: world.store.checkpoints.count)
        } catch {
            return Verdict(
                seed: seed, findings: ["a graph is not valid: \(error)"], trace: [], happenings: 0, commits: 0)
        }
    }

    /// What many seeds led to.
    package struct Summary: Sendable {
        package var seeds = 0
        package var happenings = 0
        package var commits = 0
        /// Seeds that broke a rule, at most `failuresKept`.
        package var failures: [Verdict] = []

        package static let failuresKept = 20

        mutating func add(_ other: Summary) {
            seeds += other.seeds
            happenings += other.happenings
            commits += other.commits
            failures = Array((failures + other.failures).prefix(Self.failuresKept))
        }
    }

    /// Runs `count` seeds from `first` on as many threads; stops early once `failuresKept` have failed.
    package static func search(from first: UInt64, count: Int, threads: Int, mutation: Mutation? = nil) async -> Summary
    {
        await withTaskGroup(of: Summary.self) { group in
            for lane in 0..<threads {
                group.addTask {
                    var summary = Summary()
                    for offset in stride(from: lane, to: count, by: threads) {
                        let verdict = verdict(seed: first &+ UInt64(offset), mutation: mutation)
                        summary.seeds += 1
                        summary.happenings += verdict.happenings
                        summary.commits += verdict.commits
                        if !verdict.findings.isEmpty { summary.failures.append(verdict) }
                        if summary.failures.count >= Summary.failuresKept { break }
                    }
                    return summary
                }
            }
            return await group.reduce(into: Summary()) { $0.add($1) }
        }
    }

    /// The first seed from `first` that shows `mutation`, within `count` seeds.
    package static func firstFailure(of mutation: Mutation, from first: UInt64, count: Int) -> Verdict? {
        for offset in 0..<count {
            let verdict = verdict(seed: first &+ UInt64(offset), mutation: mutation)
            if !verdict.findings.isEmpty { return verdict }
        }
        return nil
    }
}
