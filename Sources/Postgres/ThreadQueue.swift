import Glibc

/// A queue between tasks and one or more threads that block on it. Its owner bounds what it puts in.
package final class ThreadQueue<Element: Sendable>: @unchecked Sendable {  // state is touched only while `lock` is held
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let arrived: UnsafeMutablePointer<pthread_cond_t>
    private var pending: [Element] = []
    private var isClosed = false

    package init() {
        lock = .allocate(capacity: 1)
        arrived = .allocate(capacity: 1)
        lock.initialize(to: pthread_mutex_t())
        arrived.initialize(to: pthread_cond_t())
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(arrived, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(arrived)
        pthread_mutex_destroy(lock)
        arrived.deallocate()
        lock.deallocate()
    }

    /// Puts `element` at the end; false, and nothing done, once the queue is closed.
    @discardableResult
    package func put(_ element: Element) -> Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        guard !isClosed else { return false }
        pending.append(element)
        pthread_cond_signal(arrived)
        return true
    }

    /// Wakes the threads: what is in is still taken, nothing more comes in.
    package func close() {
        pthread_mutex_lock(lock)
        isClosed = true
        pthread_cond_broadcast(arrived)
        pthread_mutex_unlock(lock)
    }

    /// Blocks until something is in, and takes up to `most` from the front; `nil` once closed and empty.
    package func take(most: Int = .max) -> [Element]? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while pending.isEmpty {
            if isClosed { return nil }
            pthread_cond_wait(arrived, lock)
        }
        return front(most)
    }

    /// As `take`, but gives an empty list once `patience` has passed by the monotonic clock.
    package func take(most: Int = .max, patience: Duration) -> [Element]? {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let (seconds, attoseconds) = patience.components
        let nanoseconds = deadline.tv_nsec + Int(attoseconds / 1_000_000_000)
        deadline.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while pending.isEmpty {
            if isClosed { return nil }
            if pthread_cond_timedwait(arrived, lock, &deadline) == ETIMEDOUT { break }
        }
        return front(most)
    }

    private func front(_ most: Int) -> [Element] {
        guard pending.count > most else {
            let all = pending
            pending.removeAll(keepingCapacity: true)
            return all
        }
        let some = Array(pending.prefix(most))
        pending.removeFirst(most)
        return some
    }
}

/// A detached thread of one's own, for what blocks.
package enum OwnThread {
    package static func start(_ body: @escaping @Sendable () -> Void) throws(PostgresError) {
        let box = Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { raw in
                if let raw { Unmanaged<Body>.fromOpaque(raw).takeRetainedValue().run() }
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            throw PostgresError(.connectionFailed, "cannot start a thread for a connection (errno \(code))")
        }
        pthread_detach(thread)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
