package import Domain

/// The smallest change of a run's state. A step's delta is a list of them; folding all deltas gives the state.
package enum RunChange: Sendable, Hashable, Codable {
    case began
    case opened(strand: Int, Strand)
    case visited(strand: Int, step: Int)
    case moved(strand: Int, node: String)
    case called(OpenJob)
    case waited(strand: Int, signal: String, due: Int64?)
    case looped(strand: Int, items: [JSONValue])
    case joined(strand: Int, open: Int)
    case wrote(StatePath, StateReducer, JSONValue)
    case itemSucceeded(strand: Int, index: Int, output: JSONValue)
    case itemFailed(strand: Int, index: Int, RunFailure)
    case stepped(Int)
    case retried(step: Int, failures: Int, repeats: Int)
    case doubted(step: Int, Doubt)
    case closed(step: Int)
    case ended(strand: Int)
    case kept(EarlySignal)
    case consumed(SignalID)
    case became(RunStatus)
    case finished(RunStatus, output: JSONValue?, RunFailure?)
}

extension RunState {
    /// Applies one change. A change that does not fit (which no machine makes) is passed over.
    package mutating func apply(_ change: RunChange) {
        switch change {
        case .began: status = .running
        case .opened(let id, let strand):
            strands[id] = strand
            lastStrand = max(lastStrand, id)
        case .visited(let id, let step):
            strands[id]?.step = step
            steps = max(steps, step)
        case .stepped(let step): steps = max(steps, step)
        case .moved(let id, let node):
            strands[id]?.node = node
            strands[id]?.activity = .ready
        case .called(let job): open(job)
        case .waited(let id, let signal, let due): strands[id]?.activity = .waiting(signal: signal, due: due)
        case .looped(let id, let items): strands[id]?.activity = .looping(LoopProgress(items: items))
        case .joined(let id, let open): strands[id]?.activity = .joining(open: open)
        case .wrote(let path, let reducer, let value): values.write(value, at: path, by: reducer)
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
        case .retried(let step, let failures, let repeats):
            jobs[step]?.failures = failures
            jobs[step]?.repeats = repeats
            jobs[step]?.doubt = nil
        case .doubted(let step, let doubt): jobs[step]?.doubt = doubt
        case .closed(let step): jobs[step] = nil
        case .ended(let id): strands[id] = nil
        case .kept(let signal): signals.append(signal)
        case .consumed(let id): signals.removeAll { $0.id == id }
        case .became(let status): self.status = status
        case .finished(let status, let output, let failure):
            self.status = status
            self.output = output
            self.failure = failure
            strands = [:]
            jobs = [:]
            signals = []
        }
    }

    private mutating func open(_ job: OpenJob) {
        jobs[job.step] = job
        steps = max(steps, job.step)
        guard job.reconciles == nil else { return }
        if let item = job.item {
            loop(job.strand) { loop in
                loop.next = max(loop.next, item + 1)
                loop.active += 1
            }
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
