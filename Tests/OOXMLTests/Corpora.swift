import Foundation

/// Files of others, which are not in the repository: `PERSONA_CORPORA`, or beside the checkout.
enum Corpora {
    static func directory(_ name: String) -> String? {
        let named = ProcessInfo.processInfo.environment["PERSONA_CORPORA"]
        let beside = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../shared/corpora")
            .path
        for root in [named, beside].compactMap({ $0 }) where FileManager.default.fileExists(atPath: "\(root)/\(name)") {
            return "\(root)/\(name)"
        }
        return nil
    }
}
