import Crypto
import Dispatch
package import Domain
import FoundationEssentials
import Glibc
import Synchronization

/// Contents of files, kept under `<root>/<tenant>/<first two hex digits>/<SHA-256>`; the same content is kept once a
/// tenant. A content is there whole or not at all: it is written beside its place, synced, then linked.
package struct BlobStore: Sendable {
    /// Bytes of one file; also what `POST /api/files` takes.
    package static let largestBlob = 256 * 1024 * 1024

    let root: String

    package init(root: String) { self.root = root }

    /// Where a content lies.
    package func path(_ tenant: TenantID, sha256: [UInt8]) -> String {
        let name = sha256.hex
        return "\(root)/\(tenant)/\(name.prefix(2))/\(name)"
    }

    /// A new content of `tenant`, to be written piece by piece.
    package func writer(_ tenant: TenantID) throws(BlobError) -> BlobWriter {
        try BlobWriter(store: self, tenant: tenant)
    }

    /// Copies a whole file in, which `descriptor` reads from its beginning. Blocks: call it on a thread of its own.
    package func adopt(_ tenant: TenantID, descriptor: Int32) throws(BlobError) -> Blob {
        var draft = try BlobDraft(store: self, tenant: tenant)
        defer { draft.discard() }
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count == 0 { return try draft.finish() }
            guard count > 0 else { throw BlobError.failed(errno) }
            try draft.append(buffer[..<count])
        }
    }
}

/// A content that is kept.
package struct Blob: Sendable, Hashable {
    package let sha256: [UInt8]
    /// In bytes.
    package let size: Int
}

package enum BlobError: Error, Sendable, Hashable, CustomStringConvertible {
    case tooLarge
    /// Errno of what the file system refused.
    case failed(Int32)

    package var description: String {
        switch self {
        case .tooLarge: "The file has more than \(BlobStore.largestBlob) bytes."
        case .failed(ENOSPC): "There is no space left for files under the data directory."
        case .failed(let code): "The file could not be stored: \(String(cString: strerror(code)))."
        }
    }
}

/// Writes one content on a queue of its own, so that a slow disk does not hold the task pool.
package final class BlobWriter: Sendable {
    private let queue = DispatchQueue(label: "blob-writer")
    private let draft: Mutex<BlobDraft>

    init(store: BlobStore, tenant: TenantID) throws(BlobError) {
        draft = Mutex(try BlobDraft(store: store, tenant: tenant))
    }

    package func append(_ bytes: [UInt8]) async throws { try await onQueue { try $0.append(bytes[...]) } }

    package func finish() async throws -> Blob { try await onQueue { try $0.finish() } }

    /// Removes what was written; after `finish` it does nothing.
    package func discard() { draft.withLock { $0.discard() } }

    private func onQueue<Value: Sendable>(
        _ work: @escaping @Sendable (inout BlobDraft) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.draft.withLock { try work(&$0) } }) }
        }
    }
}

/// The blocking half: a file beside its place, and the hash of what was written.
private struct BlobDraft {
    private let store: BlobStore
    private let tenant: TenantID
    private let path: String
    private let descriptor: Int32
    private var hasher = SHA256()
    private var size = 0
    private var isOpen = true

    init(store: BlobStore, tenant: TenantID) throws(BlobError) {
        self.store = store
        self.tenant = tenant
        let directory = "\(store.root)/\(tenant)/drafts"
        try BlobDraft.makeDirectory(directory)
        path = "\(directory)/\(UUID().uuidString)"
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BlobError.failed(errno) }
    }

    mutating func append(_ bytes: ArraySlice<UInt8>) throws(BlobError) {
        guard size + bytes.count <= BlobStore.largestBlob else { throw BlobError.tooLarge }
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw BlobError.failed(errno) }
            rest = rest.dropFirst(count)
        }
        hasher.update(data: Data(bytes))
        size += bytes.count
    }

    mutating func finish() throws(BlobError) -> Blob {
        let digest = Array(hasher.finalize())
        let place = store.path(tenant, sha256: digest)
        try BlobDraft.makeDirectory(String(place.prefix(upTo: place.lastIndex(of: "/") ?? place.endIndex)))
        guard fsync(descriptor) == 0 else { throw BlobError.failed(errno) }
        guard link(path, place) == 0 || errno == EEXIST else { throw BlobError.failed(errno) }
        discard()
        return Blob(sha256: digest, size: size)
    }

    mutating func discard() {
        guard isOpen else { return }
        isOpen = false
        close(descriptor)
        unlink(path)
    }

    private static func makeDirectory(_ path: String) throws(BlobError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw BlobError.failed(errno == 0 ? EIO : errno)
        }
    }
}

extension [UInt8] {
    /// Lower-case hex.
    package var hex: String { map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
}
