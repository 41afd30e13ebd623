import Foundation
import PlatformKit

/// Secrets that a test can recognise wherever they turn up.
enum Canary {
    static let mailbox = Correspondent.password
    static let model = "sk-canary-model-8be27a51"
    static let owner = TenantSeed.ownerPassword

    /// The forms in which a text would be found: as it is, in hexadecimal, and in base64 at each of three alignments.
    static func forms(_ secret: [UInt8]) -> [[UInt8]] {
        let hex = secret.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0\(digits)" : digits
        }.joined()
        let base64 = (0..<3).map { shift -> [UInt8] in
            let text = Array(Data([UInt8](repeating: 0, count: shift) + secret).base64EncodedString().utf8)
            // The first and the last group depend on what stands beside the secret.
            return Array(text.dropFirst(shift == 0 ? 0 : 4).dropLast(4))
        }
        return [secret, Array(hex.utf8), Array(hex.uppercased().utf8)] + base64
    }
}

extension [UInt8] {
    func contains(_ needle: [UInt8]) -> Bool { firstRange(of: needle) != nil }
}
