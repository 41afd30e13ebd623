package import FoundationEssentials

/// A UUID that names one kind of thing, so that a `RunID` cannot be passed where a `PersonaID` is meant.
///
/// New identifiers are UUIDv7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then 74 random bits, so that
/// they sort by creation and index well. Text form is lower-case.
package struct Identifier<Subject>: Hashable, Sendable, Codable, CustomStringConvertible {
    package let uuid: UUID

    package init(_ uuid: UUID) { self.uuid = uuid }

    /// Parses the 36-character text form; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        guard let uuid = UUID(uuidString: String(text)) else { return nil }
        self.uuid = uuid
    }

    /// A new UUIDv7 at `milliseconds` since 1970.
    package init(milliseconds: UInt64, using generator: inout some RandomNumberGenerator) {
        let high = (milliseconds << 16) | 0x7000 | (generator.next() & 0x0FFF)
        let low = 0x8000_0000_0000_0000 | (generator.next() & 0x3FFF_FFFF_FFFF_FFFF)
        var bytes: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &bytes) { buffer in
            buffer.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
            buffer.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        uuid = UUID(uuid: bytes)
    }

    /// A new UUIDv7 now, by the system's clock and generator.
    package static func new() -> Self {
        var generator = SystemRandomNumberGenerator()
        return Self(milliseconds: UInt64(Date().timeIntervalSince1970 * 1000), using: &generator)
    }

    package var description: String {
        var bytes = uuid.uuid
        return withUnsafeBytes(of: &bytes) { bytes in
            String(unsafeUninitializedCapacity: 36) { text in
                var place = 0
                for (index, byte) in bytes.enumerated() {
                    if index == 4 || index == 6 || index == 8 || index == 10 {
                        text[place] = UInt8(ascii: "-")
                        place += 1
                    }
                    text[place] = Self.digit(byte >> 4)
                    text[place + 1] = Self.digit(byte & 15)
                    place += 2
                }
                return place
            }
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? value + 48 : value + 87 }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let uuid = UUID(uuidString: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a UUID")
        }
        self.uuid = uuid
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

package enum TenantSubject {}
package enum UserSubject {}
package enum TokenSubject {}
package enum PersonaSubject {}
package enum GraphSubject {}
package enum RunSubject {}
package enum JobSubject {}
package enum FileSubject {}
package enum MailboxSubject {}
package enum MailSubject {}

package typealias TenantID = Identifier<TenantSubject>
package typealias UserID = Identifier<UserSubject>
package typealias TokenID = Identifier<TokenSubject>
package typealias PersonaID = Identifier<PersonaSubject>
package typealias GraphID = Identifier<GraphSubject>
package typealias RunID = Identifier<RunSubject>
package typealias JobID = Identifier<JobSubject>
package typealias FileID = Identifier<FileSubject>
package typealias MailboxID = Identifier<MailboxSubject>
package typealias MailID = Identifier<MailSubject>
