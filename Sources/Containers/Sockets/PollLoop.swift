import Glibc
import Synchronization

/// One thread that waits on many descriptors with poll(2). Members live on that thread alone, so they need no locks.
package final class PollLoop: Sendable {
    package typealias Work = @Sendable (PollContext) -> Void

    private let inbox = Mutex<[Work]>([])
    private let wakeRead: Descriptor
    private let wakeWrite: Descriptor

    /// Starts the thread. It ends, and its members are dropped, after `stop`.
    package init(name: String) throws(SocketError) {
        (wakeRead, wakeWrite) = try Descriptor.pipe(nonBlocking: true)
        _ = PollContext.immediately
        try OwnThread.start(named: name) { [self] in run() }
    }

    /// Runs `work` on the loop's thread, soon.
    package func submit(_ work: @escaping Work) {
        inbox.withLock { $0.append(work) }
        wake()
    }

    /// Makes the loop ask its members again.
    package func wake() {
        var byte: UInt8 = 1
        _ = write(wakeWrite.raw, &byte, 1)
    }

    package func stop() { submit { $0.isStopped = true } }

    private func run() {
        let context = PollContext()
        while !context.isStopped {
            let due = inbox.withLock { inbox in
                defer { inbox = [] }
                return inbox
            }
            for work in due { work(context) }
            context.poll(waking: wakeRead.raw)
        }
    }
}

/// What has a descriptor, or several, on a `PollLoop`.
package protocol PollMember: AnyObject {
    /// Names the descriptors and events to wait for now.
    func interests(_ interests: inout PollInterests)
    /// `advance` is called at the latest then.
    var deadline: ContinuousClock.Instant? { get }
    /// Goes on as far as it can without blocking; `false` when it is over and to be dropped.
    func advance(_ ready: PollReady, in context: PollContext) -> Bool
}

package struct PollInterests {
    fileprivate var list: [pollfd] = []

    /// `events` of 0 still reports errors and hang-up.
    package mutating func add(_ descriptor: Int32, _ events: Int32) {
        list.append(pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0))
    }
}

/// Which of a member's descriptors have something.
package struct PollReady {
    fileprivate let list: ArraySlice<pollfd>

    package subscript(descriptor: Int32) -> Int32 {
        var events: Int32 = 0
        for entry in list where entry.fd == descriptor { events |= Int32(entry.revents) }
        return events
    }
}

/// The loop as seen from its own thread.
package final class PollContext {
    private var members: [any PollMember] = []
    private var added: [any PollMember] = []
    fileprivate var isStopped = false

    /// A deadline that is always past: what it is returned for is advanced in the same turn of the loop.
    package static let immediately = ContinuousClock.now

    package func add(_ member: any PollMember) { added.append(member) }

    fileprivate func poll(waking wakeDescriptor: Int32) {
        members += added
        added = []
        var interests = PollInterests()
        interests.add(wakeDescriptor, POLLIN)
        var ends: [Int] = []
        ends.reserveCapacity(members.count)
        var deadline: ContinuousClock.Instant?
        for member in members {
            member.interests(&interests)
            ends.append(interests.list.count)
            if let due = member.deadline { deadline = min(deadline ?? due, due) }
        }
        let count = Glibc.poll(&interests.list, nfds_t(interests.list.count), Self.timeout(until: deadline))
        if count > 0, interests.list[0].revents != 0 { Self.drain(wakeDescriptor) }
        advance(interests.list, ends: ends, anyReady: count > 0)
    }

    private func advance(_ list: [pollfd], ends: [Int], anyReady: Bool) {
        let now = ContinuousClock.now
        var kept: [any PollMember] = []
        kept.reserveCapacity(members.count)
        var start = 1
        for (member, end) in zip(members, ends) {
            let slice = list[start..<end]
            start = end
            let isReady = anyReady && slice.contains { $0.revents != 0 }
            let isDue = member.deadline.map { $0 <= now } ?? false
            if !(isReady || isDue) || member.advance(PollReady(list: slice), in: self) { kept.append(member) }
        }
        members = kept
    }

    /// Milliseconds for poll(2), rounded up; -1 waits for ever.
    private static func timeout(until deadline: ContinuousClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let left = deadline - .now
        guard left > .zero else { return 0 }
        let milliseconds = left.components.seconds.multipliedReportingOverflow(by: 1000)
        guard !milliseconds.overflow, milliseconds.partialValue < 60_000 else { return 60_000 }
        return Int32(milliseconds.partialValue + left.components.attoseconds / 1_000_000_000_000_000 + 1)
    }

    private static func drain(_ descriptor: Int32) {
        var bytes = [UInt8](repeating: 0, count: 256)
        while read(descriptor, &bytes, bytes.count) == bytes.count {}
    }
}
