import FoundationEssentials
import Glibc

/// Tells a profile directory in use from one whose owner was killed: the owner holds a lock on it while it lives.
final class ProfileLock: Sendable {
    static let prefix = "persona-chromium-"
    /// A younger directory may just be about to be locked.
    private static let minimumAge = 60

    private let descriptor: Int32

    init(_ profile: String) {
        descriptor = open(profile, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor >= 0 { flock(descriptor, LOCK_EX | LOCK_NB) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Removes what owners that were killed left in `folder`.
    static func sweep(_ folder: String) {
        // An unreadable folder holds nothing that could be removed.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where name.hasPrefix(prefix) {
            let path = "\(folder)/\(name)"
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_uid == geteuid(),
                status.st_mtim.tv_sec + minimumAge < time(nil), flock(descriptor, LOCK_EX | LOCK_NB) == 0
            else { continue }
            BrowserProcess.remove(path)
        }
    }
}
