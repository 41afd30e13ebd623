import Glibc

/// A serial executor on its own pthread, so that an actor may block in libpq without stalling Swift's task pool.
///
/// The thread lives as long as the executor: `deinit` lets it run dry and end.
final class ConnectionThread: SerialExecutor {
    private let queue = JobQueue()

    init() throws(PostgresError) {
        let argument = Unmanaged.passRetained(queue)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<JobQueue>.fromOpaque(pointer).takeRetainedValue().run()
                return nil
            }, argument.toOpaque())
        guard code == 0 else {
            argument.release()
            throw PostgresError(.connectionFailed, "cannot start a thread for a connection (errno \(code))")
        }
        pthread_detach(thread)
    }

    deinit { queue.stop() }

    func enqueue(_ job: consuming ExecutorJob) {
        queue.push(Work(job: UnownedJob(job), executor: asUnownedSerialExecutor()))
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}

private struct Work: Sendable {
    let job: UnownedJob
    let executor: UnownedSerialExecutor
}

private final class JobQueue: @unchecked Sendable {  // `pending` and `stopped` are touched only while `lock` is held
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let arrived: UnsafeMutablePointer<pthread_cond_t>
    private var pending: [Work] = []
    private var stopped = false

    init() {
        lock = .allocate(capacity: 1)
        arrived = .allocate(capacity: 1)
        lock.initialize(to: pthread_mutex_t())
        arrived.initialize(to: pthread_cond_t())
        pthread_mutex_init(lock, nil)
        pthread_cond_init(arrived, nil)
    }

    deinit {
        pthread_cond_destroy(arrived)
        pthread_mutex_destroy(lock)
        arrived.deallocate()
        lock.deallocate()
    }

    func push(_ work: Work) {
        pthread_mutex_lock(lock)
        pending.append(work)
        pthread_cond_signal(arrived)
        pthread_mutex_unlock(lock)
    }

    func stop() {
        pthread_mutex_lock(lock)
        stopped = true
        pthread_cond_signal(arrived)
        pthread_mutex_unlock(lock)
    }

    func run() {
        while let batch = next() {
            for work in batch { work.job.runSynchronously(on: work.executor) }
        }
    }

    private func next() -> [Work]? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while pending.isEmpty {
            if stopped { return nil }
            pthread_cond_wait(arrived, lock)
        }
        let batch = pending
        pending.removeAll(keepingCapacity: true)
        return batch
    }
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
