import CCurl

/// The transfers of one multi handle; used on the transfer thread only.
struct TransferTable {
    private let multi: UnsafeMutableRawPointer
    private var transfers: [ObjectIdentifier: CurlTransfer] = [:]

    init(multi: UnsafeMutableRawPointer) { self.multi = multi }

    mutating func apply(_ command: TransferThread.Command) {
        switch command {
        case .start(let exchange): start(exchange)
        case .cancel(let exchange): remove(ObjectIdentifier(exchange))
        case .resume(let exchange):
            guard let transfer = transfers[ObjectIdentifier(exchange)] else { return }
            // Delivers what libcurl held, at once; a refusal comes back here and not from the multi handle.
            let result = curl_easy_pause(transfer.easy, CURLPAUSE_CONT)
            if result != CURLE_OK { end(ObjectIdentifier(exchange), transfer, result) }
        }
    }

    /// Moves bytes, then ends what is complete, broken or silent for too long.
    mutating func advance() {
        var running: Int32 = 0
        curl_multi_perform(multi, &running)
        var queued: Int32 = 0
        while let message = curl_multi_info_read(multi, &queued) {
            guard message.pointee.msg == CURLMSG_DONE else { continue }
            complete(message.pointee.easy_handle, message.pointee.data.result)
        }
        let now = ContinuousClock.now
        for (id, transfer) in transfers {
            guard let deadline = transfer.exchange.idleDeadline, deadline <= now else { continue }
            let idle = transfer.exchange.request.limits.idle ?? .zero
            transfer.exchange.end(HTTPClientError(.idle, "The far end sent nothing for \(idle)."))
            remove(id)
        }
    }

    func pollMilliseconds(atMost limit: Int32) -> Int32 {
        guard let earliest = transfers.values.compactMap(\.exchange.idleDeadline).min() else { return limit }
        let (seconds, attoseconds) = (earliest - .now).components
        guard seconds < Int64(limit) / 1000 else { return limit }
        // One more, so that the deadline has passed when the poll returns.
        return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1).clamped(to: 0...limit)
    }

    mutating func endAll(_ error: HTTPClientError) {
        for (id, transfer) in transfers {
            transfer.exchange.end(error)
            remove(id)
        }
    }

    private mutating func start(_ exchange: Exchange) {
        // Cancelled before the thread came to it.
        guard !exchange.isEnded else { return }
        do throws(HTTPClientError) {
            let transfer = try CurlTransfer(exchange)
            guard curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else {
                transfer.release()
                throw HTTPClientError(.failed, "libcurl refused the transfer.")
            }
            transfers[ObjectIdentifier(exchange)] = transfer
        } catch {
            exchange.end(error)
        }
    }

    private mutating func complete(_ easy: UnsafeMutableRawPointer?, _ result: CURLcode) {
        guard let id = CurlTransfer.exchangeID(of: easy), let transfer = transfers[id] else { return }
        end(id, transfer, result)
    }

    private mutating func end(_ id: ObjectIdentifier, _ transfer: CurlTransfer, _ result: CURLcode) {
        transfer.exchange.end(result == CURLE_OK ? nil : transfer.exchange.refusal ?? transfer.error(result))
        remove(id)
    }

    private mutating func remove(_ id: ObjectIdentifier) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        curl_multi_remove_handle(multi, transfer.easy)
        transfer.release()
    }
}

extension Comparable {
    fileprivate func clamped(to range: ClosedRange<Self>) -> Self {
        min(max(self, range.lowerBound), range.upperBound)
    }
}
