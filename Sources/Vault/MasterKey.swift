package import Crypto
import Domain
import FoundationEssentials
import Glibc

/// The key that wraps the tenants' keys: 32 bytes in a file that only the platform's user can read.
package struct MasterKey: Sendable {
    package static let size = 32

    let key: SymmetricKey

    package init(_ key: SymmetricKey) { self.key = key }

    /// Reads the key from `path`, and makes it there (mode 0600, synced to disk) where the file does not exist yet.
    package init(file path: String) throws(VaultError) {
        if let bytes = try Self.read(path) {
            guard bytes.count == Self.size else {
                throw VaultError.masterKeyUnusable(path, "has \(bytes.count) bytes and not \(Self.size)")
            }
            key = SymmetricKey(data: bytes)
            return
        }
        let fresh = SymmetricKey(size: .bits256)
        try Self.write(fresh.withUnsafeBytes { Array($0) }, to: path)
        // Another process may have been first: what the file holds is the key.
        guard let bytes = try Self.read(path), bytes.count == Self.size else {
            throw VaultError.masterKeyUnusable(path, "could not be read back")
        }
        key = SymmetricKey(data: bytes)
    }

    private static func read(_ path: String) throws(VaultError) -> [UInt8]? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw VaultError.masterKeyUnusable(path, String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & 0o077 == 0 else {
            throw VaultError.masterKeyUnusable(path, "can be read by others: set its mode to 0600")
        }
        var bytes = [UInt8](repeating: 0, count: size + 1)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw VaultError.masterKeyUnusable(path, String(cString: strerror(errno))) }
        return Array(bytes.prefix(count))
    }

    /// Written beside its place and linked there, so that a crash leaves a whole key or none.
    private static func write(_ bytes: [UInt8], to path: String) throws(VaultError) {
        let draft = "\(path).\(getpid())"
        let descriptor = Glibc.open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw VaultError.masterKeyUnusable(path, String(cString: strerror(errno))) }
        let written = Glibc.write(descriptor, bytes, bytes.count)
        let synced = fsync(descriptor)
        close(descriptor)
        defer { unlink(draft) }
        guard written == bytes.count, synced == 0, link(draft, path) == 0 || errno == EEXIST else {
            throw VaultError.masterKeyUnusable(path, String(cString: strerror(errno)))
        }
    }
}

/// What went wrong with keys and secrets; never says what they are.
package enum VaultError: Error, Sendable, Hashable, CustomStringConvertible {
    case masterKeyUnusable(String, String)
    /// The envelope was changed, belongs to another row, or the key is another one.
    case envelopeRefused(String)
    case passwordHashing(Int32)

    package var description: String {
        switch self {
        case .masterKeyUnusable(let path, let why): "The master key file \(path) \(why)."
        case .envelopeRefused(let place): "The secret in \(place) cannot be opened with this master key."
        case .passwordHashing(let code): "argon2id failed with code \(code); is there 19 MiB of memory?"
        }
    }
}
