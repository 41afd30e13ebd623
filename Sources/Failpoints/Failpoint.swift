import Glibc
import Synchronization

/// Places at which a test may end the process, as a power cut would: `PERSONA_FAILPOINT=name:n` kills it with SIGKILL
/// at the nth time that it comes to that place. Without the variable a place costs one load and one branch.
package enum Failpoint: String, Sendable, CaseIterable {
    case stepBeforeCommit = "step.before_commit"
    case stepAfterCommit = "step.after_commit"
    case outboxBeforeRing = "outbox.before_ring"
    case outboxAfterRing = "outbox.after_ring"
    case runAfterClaim = "run.after_claim"
    case runAfterLoad = "run.after_load"
    case jobAfterStart = "job.after_start"
    /// The worker's own: around the tool's call.
    case jobBeforeCall = "job.before_call"
    case jobAfterCall = "job.after_call"
    case jobBeforeMark = "job.before_mark"
    case jobAfterMark = "job.after_mark"
    case jobBeforeCompletion = "job.before_completion"
    case jobAfterCompletion = "job.after_completion"
    /// The mail watcher's: around the transaction that records a mail and its run.
    case mailBeforeAccept = "mail.before_accept"
    case mailAfterAccept = "mail.after_accept"

    private static let plan = Plan(environment: getenv("PERSONA_FAILPOINT").map { String(cString: $0) })

    /// Ends the process here if that is asked for.
    package static func hit(_ point: Failpoint) { plan?.hit(point) }

    private final class Plan: Sendable {
        let point: Failpoint
        let target: Int
        let hits = Atomic(0)

        /// `nil` for no or a malformed wish: a misspelt one must not change what the process does.
        init?(environment: String?) {
            guard let parts = environment?.split(separator: ":"),
                let point = parts.first.flatMap({ Failpoint(rawValue: String($0)) })
            else { return nil }
            self.point = point
            target = parts.dropFirst().first.flatMap { Int($0) } ?? 1
        }

        func hit(_ point: Failpoint) {
            guard point == self.point, hits.add(1, ordering: .sequentiallyConsistent).newValue == target else { return }
            kill(getpid(), SIGKILL)
        }
    }
}
