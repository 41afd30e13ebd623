import Glibc

/// An ICC profile of sRGB (ICC.1:2001-04, version 2.4; IEC 61966-2-1): three primaries and one curve.
enum ColourProfile {
    static let sRGB: [UInt8] = {
        let tags: [(String, [UInt8])] = [
            ("desc", description), ("cprt", text("No copyright, use freely")), ("wtpt", point(0.9505, 1, 1.0891)),
            // Adapted to D50.
            ("rXYZ", point(0.43607, 0.22249, 0.01392)), ("gXYZ", point(0.38515, 0.71687, 0.09708)),
            ("bXYZ", point(0.14307, 0.06061, 0.7141)), ("rTRC", curve), ("gTRC", curve), ("bTRC", curve),
        ]
        var table = big(UInt32(tags.count))
        var data: [UInt8] = []
        var curvePlace: (UInt32, UInt32)?
        let start = 128 + 4 + 12 * tags.count
        for (name, bytes) in tags {
            let isCurve = name.hasSuffix("TRC")
            let place = curvePlace ?? (UInt32(start + data.count), UInt32(bytes.count))
            if isCurve, curvePlace != nil {
                table += Array(name.utf8) + big(place.0) + big(place.1)
                continue
            }
            let own = (UInt32(start + data.count), UInt32(bytes.count))
            table += Array(name.utf8) + big(own.0) + big(own.1)
            if isCurve { curvePlace = own }
            data += bytes
            while data.count % 4 != 0 { data.append(0) }
        }
        return header(size: start + data.count) + table + data
    }()

    private static func header(size: Int) -> [UInt8] {
        var header = big(UInt32(size)) + [0, 0, 0, 0] + big(0x0240_0000)
        header += Array("mntrRGB XYZ ".utf8)
        // 1 January 2000, midnight.
        header += [0x07, 0xD0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0] + Array("acsp".utf8)
        header += [UInt8](repeating: 0, count: 28)
        // The illuminant D50.
        header += fixed(0.9642) + fixed(1) + fixed(0.8249)
        return header + [UInt8](repeating: 0, count: 128 - header.count)
    }

    private static func big(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }
    private static func fixed(_ value: Double) -> [UInt8] { big(UInt32((value * 65_536).rounded())) }

    private static func point(_ x: Double, _ y: Double, _ z: Double) -> [UInt8] {
        Array("XYZ ".utf8) + big(0) + fixed(x) + fixed(y) + fixed(z)
    }

    private static func text(_ text: String) -> [UInt8] { Array("text".utf8) + big(0) + Array(text.utf8) + [0] }

    private static let description: [UInt8] = {
        let name = Array("sRGB IEC61966-2.1".utf8) + [0]
        // No Unicode and no Macintosh name: 4 + 4 and 2 + 1 + 67 empty bytes.
        return Array("desc".utf8) + big(0) + big(UInt32(name.count)) + name + [UInt8](repeating: 0, count: 78)
    }()

    /// 1,024 steps: below what eight bits tell apart.
    private static let curve: [UInt8] = {
        var bytes = Array("curv".utf8) + big(0) + big(1_024)
        for step in 0..<1_024 {
            let value = Double(step) / 1_023
            let linear = value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
            bytes += withUnsafeBytes(of: UInt16((linear * 65_535).rounded()).bigEndian, Array.init)
        }
        return bytes
    }()
}
