/// A byte stream to a server. Calls block: use it on a thread of its own, never on Swift's task pool.
package protocol IMAPTransport: AnyObject {
    /// Sends all of `bytes` or throws.
    func send(_ bytes: [UInt8], before deadline: ContinuousClock.Instant) throws(IMAPError)
    /// Waits for bytes. nil when `deadline` passed; throws `closed` when the far end closed.
    func receive(before deadline: ContinuousClock.Instant) throws(IMAPError) -> [UInt8]?
    func close()
}
