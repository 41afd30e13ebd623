/// An IP address, by its bytes.
package enum NetworkAddress: Sendable, Hashable {
    /// Four bytes, most significant first.
    case v4(UInt32)
    /// Eight groups.
    case v6([UInt16])

    /// Whether it is an address of the public Internet, by the special-purpose registries (RFC 6890 and its
    /// successors). Forms that carry another address (IPv4-mapped, 6to4, Teredo, NAT64) never are.
    package var isPublic: Bool {
        switch self {
        case .v4(let value): !Self.special4.contains { value >> (32 - $0.bits) == $0.prefix >> (32 - $0.bits) }
        case .v6(let groups): Self.isPublic6(groups)
        }
    }

    /// Whether it is one of the link alone, as metadata services are: no name may lead there, whoever has listed it.
    package var isLinkLocal: Bool {
        switch self {
        case .v4(let value): value >> 16 == 0xA9FE
        case .v6(let groups):
            groups.first.map { $0 & 0xFFC0 == 0xFE80 } == true
                || (groups.prefix(5).allSatisfy { $0 == 0 } && groups.count == 8 && groups[6] == 0xA9FE)
        }
    }

    private static let special4: [(prefix: UInt32, bits: UInt32)] = [
        (0x0000_0000, 8),  // this network
        (0x0A00_0000, 8), (0xAC10_0000, 12), (0xC0A8_0000, 16),  // private
        (0x6440_0000, 10),  // carrier-grade NAT
        (0x7F00_0000, 8),  // loopback
        (0xA9FE_0000, 16),  // link-local, metadata services
        (0xC000_0000, 24), (0xC000_0200, 24), (0xC058_6300, 24),  // protocol assignments, documentation, 6to4 relays
        (0xC612_0000, 15), (0xC633_6400, 24), (0xCB00_7100, 24),  // benchmarks, documentation
        (0xA83F_8110, 32),  // 168.63.129.16, a cloud's wire server
        (0xE000_0000, 4), (0xF000_0000, 4),  // multicast, reserved and broadcast
    ]

    private static func isPublic6(_ groups: [UInt16]) -> Bool {
        guard groups.count == 8, groups[0] & 0xE000 == 0x2000 else { return false }
        if groups[0] == 0x2001, groups[1] < 0x0200 || groups[1] == 0x0DB8 { return false }  // Teredo and the like
        if groups[0] == 0x2002 { return false }  // 6to4
        if groups[0] == 0x3FFF, groups[1] < 0x1000 { return false }  // documentation
        return true
    }
}

extension NetworkAddress: CustomStringConvertible {
    package var description: String {
        switch self {
        case .v4(let value): [24, 16, 8, 0].map { String(value >> $0 & 0xFF) }.joined(separator: ".")
        case .v6(let groups): groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
    }
}
