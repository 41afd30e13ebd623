import FoundationEssentials

/// What a job calls.
package enum JobKind: String, Sendable, Hashable, Codable {
    case tool, model
    /// Asks what became of another job's effect.
    case reconcile
}

/// Where a call stands in the effect ledger.
///
///     planned -> started -> done | failed | unknown        unknown -> done | failed | planned
///     planned | started -> cancelled                       failed, started (rescued) -> planned
package enum JobState: String, Sendable, Hashable, Codable {
    case planned, started, done, failed, unknown, cancelled
}

extension Identifier where Subject == JobSubject {
    /// The job of a run's step: planning the same step twice names the same job.
    package init(run: RunID, step: Int) { self.init(UUID(of: run, step: step, kind: 0)) }
}

extension Identifier where Subject == WaitSubject {
    /// The wait that a run's step began.
    package init(run: RunID, step: Int) { self.init(UUID(of: run, step: step, kind: 1)) }
}

extension Identifier where Subject == ApprovalSubject {
    /// The question that a run's step put.
    package init(run: RunID, step: Int) { self.init(UUID(of: run, step: step, kind: 2)) }
}

extension UUID {
    /// The run's id with the step in its last four bytes, the kind in the low bits of the ninth, and version 8
    /// (RFC 9562, 5.8).
    fileprivate init(of run: RunID, step: Int, kind: UInt8) {
        var bytes = run.uuid.uuid
        withUnsafeMutableBytes(of: &bytes) { buffer in
            buffer[6] = 0x80 | (buffer[6] & 0x0F)
            buffer[8] ^= kind
            let tail = buffer.loadUnaligned(fromByteOffset: 12, as: UInt32.self)
            buffer.storeBytes(of: tail ^ UInt32(truncatingIfNeeded: step).bigEndian, toByteOffset: 12, as: UInt32.self)
        }
        self.init(uuid: bytes)
    }
}

/// The signal by which a person decides what became of an effect: `effect.<job id>`.
package enum EffectDecision {
    package static let signalPrefix = "effect."

    package enum Outcome: String, Sendable, Hashable, Codable {
        case done, failed, retry
    }

    package static func signal(for job: JobID) -> String { signalPrefix + job.description }
}
