package import Domain

/// The smallest change of a run's state. A step's delta is a list of them; folding all deltas gives the state.
package enum RunChange: Sendable, Hashable, Codable {
    case began
    case opened(strand: Int, Strand)
    case visited(strand: Int, step: Int)
    case moved(strand: Int, node: String)
    case called(OpenJob)
    case waited(strand: Int, signal: String, due: Int64?)
    case slept(strand: Int, due: Int64)
    case asked(strand: Int, PendingApproval)
    case bounded(strand: Int, due: Int64)
    case paused(strand: Int, failures: Int, due: Int64)
    case resumed(strand: Int)
    case counted(frame: Int?, node: String)
    case looped(strand: Int, items: [JSONValue])
    case joined(strand: Int, open: Int)
    case wrote(StatePath, StateReducer, JSONValue)
    case framed(frame: Int, Frame)
    case wroteInside(frame: Int, StatePath, StateReducer, JSONValue)
    case itemSucceeded(strand: Int, index: Int, output: JSONValue)
    case itemFailed(strand: Int, index: Int, RunFailure)
    case stepped(Int)
    case retried(step: Int, failures: Int, repeats: Int)
    case doubted(step: Int, Doubt)
    case closed(step: Int)
    case ended(strand: Int)
    case kept(EarlySignal)
    case consumed(SignalID)
    case owed(OwedCompensation)
    case unwound(RunStatus, RunFailure?)
    case repaid(step: Int)
    case became(RunStatus)
    case finished(RunStatus, output: JSONValue?, RunFailure?)
    /// The run began with the state of another one.
    case forked(RunState)
    /// From here on it follows another version of its graph, told by the digest of its JSON.
    case migrated(to: String)
}

extension RunState {
    /// Applies one change. A change that does not fit (which no machine makes) is passed over.
    package mutating func apply(_ change: RunChange) {
        switch change {
        case .began: status = .running
        case .opened(let id, let strand): open(id, strand)
        case .visited(let id, let step):
            strands[id]?.step = step
            strands[id]?.due = nil
            steps = max(steps, step)
        case .stepped(let step): steps = max(steps, step)
        case .moved(let id, let node): move(id, to: node)
        case .called(let job): open(job)
        case .waited(let id, let signal, let due): strands[id]?.activity = .waiting(signal: signal, due: due)
        case .slept(let id, let due): strands[id]?.activity = .sleeping(due: due)
        case .asked(let id, let approval): strands[id]?.activity = .asking(approval)
        case .bounded(let id, let due): strands[id]?.due = due
        case .paused(let id, let failures, let due): pause(id, failures, due)
        case .resumed(let id): strands[id]?.activity = .ready
        case .counted(let frame, let node):
            if let frame { frames[frame]?.visits[node, default: 0] += 1 } else { visits[node, default: 0] += 1 }
        case .looped(let id, let items): strands[id]?.activity = .looping(LoopProgress(items: items))
        case .joined(let id, let open): strands[id]?.activity = .joining(open: open)
        case .wrote(let path, let reducer, let value): values.write(value, at: path, by: reducer)
        case .framed(let id, let frame):
            frames[id] = frame
            lastFrame = max(lastFrame, id)
        case .wroteInside(let id, let path, let reducer, let value):
            frames[id]?.values.write(value, at: path, by: reducer)
        case .itemSucceeded(let id, let index, let output):
            loop(id) { loop in
                loop.outputs[index] = output
                loop.active -= 1
            }
        case .itemFailed(let id, let index, let failure):
            loop(id) { loop in
                loop.failures[index] = failure
                loop.active -= 1
            }
        case .retried(let step, let failures, let repeats): retry(step, failures, repeats)
        case .doubted(let step, let doubt): jobs[step]?.doubt = doubt
        case .closed(let step): jobs[step] = nil
        case .ended(let id): end(id)
        case .kept(let signal): signals.append(signal)
        case .consumed(let id): signals.removeAll { $0.id == id }
        case .owed(let compensation): owed.append(compensation)
        case .unwound(let status, let failure):
            unwinding = Unwinding(status: status, failure: failure)
            stop()
        case .repaid(let step): owed.removeAll { $0.step == step }
        case .became(let status): self.status = status
        case .finished(let status, let output, let failure):
            self.status = status
            self.output = output
            self.failure = failure
            owed = []
            unwinding = nil
            stop()
        case .forked(let state): self = state
        case .migrated: break
        }
    }

    private mutating func stop() {
        strands = [:]
        jobs = [:]
        frames = [:]
        visits = [:]
        signals = []
    }

    private mutating func open(_ id: Int, _ strand: Strand) {
        strands[id] = strand
        lastStrand = max(lastStrand, id)
        if let parent = strand.parent, let item = strand.item { loop(parent) { $0.begin(item) } }
    }

    private mutating func move(_ id: Int, to node: String) {
        strands[id]?.node = node
        strands[id]?.activity = .ready
        strands[id]?.due = nil
        strands[id]?.failures = nil
    }

    private mutating func pause(_ id: Int, _ failures: Int, _ due: Int64) {
        strands[id]?.activity = .pausing(due: due)
        strands[id]?.failures = failures
        strands[id]?.due = nil
    }

    private mutating func end(_ id: Int) {
        if let frame = strands[id]?.frame, frames[frame]?.strand == id { frames[frame] = nil }
        strands[id] = nil
    }

    private mutating func retry(_ step: Int, _ failures: Int, _ repeats: Int) {
        jobs[step]?.failures = failures
        jobs[step]?.repeats = repeats
        jobs[step]?.doubt = nil
    }

    private mutating func open(_ job: OpenJob) {
        jobs[job.step] = job
        steps = max(steps, job.step)
        guard job.reconciles == nil, job.compensates == nil else { return }
        if let item = job.item {
            loop(job.strand) { $0.begin(item) }
        } else {
            strands[job.strand]?.activity = .calling
        }
    }

    private mutating func loop(_ id: Int, _ change: (inout LoopProgress) -> Void) {
        guard case .looping(var loop)? = strands[id]?.activity else { return }
        strands[id]?.activity = .ready  // gives up the reference, so that the results are changed in place
        change(&loop)
        strands[id]?.activity = .looping(loop)
    }
}
