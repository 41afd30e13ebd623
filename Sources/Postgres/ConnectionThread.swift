import Glibc

/// A serial executor on its own pthread, so that an actor may block in libpq without stalling Swift's task pool.
///
/// The thread lives as long as the executor: `deinit` lets it run dry and end.
final class ConnectionThread: SerialExecutor {
    private let queue = ThreadQueue<Work>()

    init() throws(PostgresError) {
        try OwnThread.start { [queue] in
            while let batch = queue.take() {
                for work in batch { work.job.runSynchronously(on: work.executor) }
            }
        }
    }

    deinit { queue.close() }

    func enqueue(_ job: consuming ExecutorJob) {
        queue.put(Work(job: UnownedJob(job), executor: asUnownedSerialExecutor()))
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}

private struct Work: Sendable {
    let job: UnownedJob
    let executor: UnownedSerialExecutor
}

/// Interrupts a thread that waits in `poll`: a byte in a pipe.
final class WakePipe: Sendable {
    let readEnd: Int32
    private let writeEnd: Int32

    init() throws(PostgresError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw PostgresError(.connectionFailed, "cannot open a pipe (errno \(errno)); too many open files?")
        }
        (readEnd, writeEnd) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// A full pipe already wakes the reader, so a refused byte is no loss.
    func wake() {
        var byte: UInt8 = 1
        _ = write(writeEnd, &byte, 1)
    }

    func drain() {
        var buffer = [UInt8](repeating: 0, count: 64)
        while read(readEnd, &buffer, buffer.count) > 0 {}
    }
}
