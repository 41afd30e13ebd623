import FoundationEssentials
import Glibc

/// The account that the started services run as. Postgres refuses to run as root, and the others need not.
package struct ServiceUser: Sendable, Equatable {
    package let name: String
    package let uid: UInt32
    package let gid: UInt32
    /// Whether services change to this account: only root can and must.
    package let isSwitched: Bool

    /// The caller itself unless it is root; then the system user `persona` that the bootstrap makes, else `nobody`.
    package static func resolve() throws(EmbeddedError) -> ServiceUser {
        let caller = geteuid()
        if caller != 0 {
            return ServiceUser(name: account(of: caller), uid: caller, gid: getegid(), isSwitched: false)
        }
        for name in ["persona", "nobody"] {
            if let found = lookUp(name), found.uid != 0 { return found }
        }
        throw EmbeddedError(
            .missing, "there is neither a user persona nor nobody to run services as; run Scripts/bootstrap")
    }

    private static func lookUp(_ name: String) -> ServiceUser? {
        withPasswordEntry { entry, buffer, size, result in getpwnam_r(name, entry, buffer, size, result) }
            .map { ServiceUser(name: $0.name, uid: $0.uid, gid: $0.gid, isSwitched: true) }
    }

    private static func account(of uid: uid_t) -> String {
        withPasswordEntry { entry, buffer, size, result in getpwuid_r(uid, entry, buffer, size, result) }?.name
            ?? "#\(uid)"
    }

    private typealias Query = (
        UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
        UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
    ) -> Int32

    private static func withPasswordEntry(_ query: Query) -> (name: String, uid: uid_t, gid: gid_t)? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        return buffer.withUnsafeMutableBufferPointer { storage in
            guard let base = storage.baseAddress, query(&entry, base, storage.count, &found) == 0, found != nil,
                let name = entry.pw_name
            else { return nil }
            return (String(cString: name), entry.pw_uid, entry.pw_gid)
        }
    }

    /// The capability that lets this account pass directories that are closed to it (a checkout below `/root`);
    /// nil when every directory on the way to `path` is open to it.
    func capabilityNeeded(for path: String) throws(EmbeddedError) -> String? {
        guard isSwitched, let closed = closedDirectory(on: path) else { return nil }
        let status = FileText.read("/proc/self/status") ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapBnd:") }
        let bounding = line?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
        // capabilities(7): CAP_DAC_OVERRIDE is 1, CAP_DAC_READ_SEARCH is 2.
        if bounding & (1 << 2) != 0 { return "dac_read_search" }
        if bounding & (1 << 1) != 0 { return "dac_override" }
        throw EmbeddedError(
            .path,
            "user \(name), whom services run as, may not enter \(closed); move the data directory or open it (chmod o+x)"
        )
    }

    private func closedDirectory(on path: String) -> String? {
        var prefix = ""
        for part in path.split(separator: "/").dropLast() {
            prefix += "/\(part)"
            var entry = stat()
            guard stat(prefix, &entry) == 0 else { return nil }
            let shift: UInt32 = entry.st_uid == uid ? 6 : entry.st_gid == gid ? 3 : 0
            if (entry.st_mode >> shift) & 1 == 0 { return prefix }
        }
        return nil
    }
}
