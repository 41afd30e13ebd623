/// How hostile a world is: rates in thousandths, times in milliseconds of virtual time, all drawn from the seed.
struct FaultPlan {
    enum Kind: String {
        /// SIGKILL; the process is started again a little later.
        case crash
        /// SIGSTOP, then SIGCONT: shorter or longer than the lease.
        case stop
        /// The owner's session is cut while the process lives.
        case session
        /// The database is away.
        case outage
    }

    struct Fault {
        let time: Int
        let kind: Kind
        /// Which process.
        let target: Int
        let length: Int
    }

    /// Faults end here; what follows is the settling.
    var horizon = 8_000
    var orchestrators = 2
    var workers = 2
    var runs = 1
    /// Requests that never reach the database, and answers that never come back.
    var requestLost = 0
    var answerLost = 0
    var slowest = 20
    var ringLost = 0
    var ringDoubled = 0
    var ringDelayed = 0
    /// Calls that fail before anything is sent, for good, or that take longer than their time-out.
    var transient = 0
    var permanent = 0
    var slowCall = 0
    /// Effects that take seconds to reach the far end.
    var slowTransmission = 0
    /// Requests that the far end never sees, and answers of its that are lost.
    var farRequestLost = 0
    var farAnswerLost = 0
    var reconcilerFails = 0
    /// Death, SIGSTOP and a cut session where it hurts: before and after each write and effect.
    var crashAtStep = 0
    var stopAtStep = 0
    var cutAtStep = 0
    var faults: [Fault] = []

    init(_ random: inout SeededGenerator) {
        // One world in eight is friendly: what breaks there breaks without any fault.
        guard !random.chance(125) else { return }
        orchestrators = random.between(1, 2)
        workers = random.between(1, 2)
        runs = random.chance(200) ? 2 : 1
        requestLost = random.pick([0, 0, 10, 50])
        answerLost = random.pick([0, 0, 20, 80])
        slowest = random.pick([5, 20, 200, 1_500])
        ringLost = random.pick([0, 100, 500, 1_000])
        ringDoubled = random.pick([0, 100, 500])
        ringDelayed = random.pick([0, 100, 500])
        transient = random.pick([0, 100, 300])
        permanent = random.pick([0, 0, 100])
        slowCall = random.pick([0, 0, 50, 200])
        farRequestLost = random.pick([0, 50, 150])
        farAnswerLost = random.pick([0, 50, 150])
        reconcilerFails = random.pick([0, 100, 400])
        crashAtStep = random.pick([0, 0, 10, 30])
        stopAtStep = random.pick([0, 0, 30, 100])
        cutAtStep = random.pick([0, 0, 30, 60])
        slowTransmission = random.pick([0, 0, 300])
        let kinds: [Kind] = [.crash, .crash, .crash, .stop, .stop, .session, .outage]
        for _ in 0..<random.below(5) {
            let kind = random.pick(kinds)
            let length =
                switch kind {
                case .crash: random.between(10, 3_000)
                case .stop: random.between(500, 16_000)
                case .session: 0
                case .outage: random.between(50, 6_000)
                }
            faults.append(
                Fault(
                    time: random.between(5, horizon), kind: kind, target: random.below(orchestrators + workers),
                    length: length))
        }
    }
}
