import Glibc

enum EngineeringFunctions {
    static let all: [Function] = [
        .call("DELTA", 1...2, "n") { _, a in .number(a.number(0) == a.number(1) ? 1 : 0) },
        .call("GESTEP", 1...2, "n") { _, a in .number(a.number(0) >= a.number(1) ? 1 : 0) },
        .call("ERF", 1...2, "n") { _, a in
            .number(a.count > 1 ? erf(a.number(1)) - erf(a.number(0)) : erf(a.number(0)))
        },
        .one("ERF.PRECISE", .later) { erf($0) },
        .one("ERFC") { erfc($0) },
        .one("ERFC.PRECISE", .later) { erfc($0) },
        .call("BESSELJ", 2...2, "n") { _, a throws(Stop) in
            guard a.number(1) >= 0, a.number(1) < 10_000 else { throw .error(.number) }
            return .number(jn(Int32(a.integer(1)), a.number(0)))
        },
        .call("BESSELY", 2...2, "n") { _, a throws(Stop) in
            guard a.number(0) > 0, a.number(1) >= 0, a.number(1) < 10_000 else { throw .error(.number) }
            return .number(yn(Int32(a.integer(1)), a.number(0)))
        },
        .call("CONVERT", 3...3, "ntt") { e, a throws(Stop) in
            guard let from = unit(a.text(1)), let to = unit(a.text(2)), from.kind == to.kind else {
                throw e.fail(
                    .notAvailable, "\(a.text(1).prefix(20)) cannot be converted to \(a.text(2).prefix(20)).")
            }
            let base = a.number(0) * from.factor + from.offset
            return .number((base - to.offset) / to.factor)
        },
    ]

    private struct Unit: Sendable {
        var kind: Kind
        /// One of it in the kind's first unit.
        var factor: Double
        var offset = 0.0
        var takesPrefix = false
    }

    private enum Kind: Sendable {
        case mass, length, time, pressure, force, energy, power, magnetism, temperature, volume, area, data, speed
    }

    private static func unit(_ name: String) -> Unit? {
        if let unit = units[name] { return unit }
        for (prefix, factor) in prefixes where name.hasPrefix(prefix) {
            guard var unit = units[String(name.dropFirst(prefix.count))], unit.takesPrefix else { continue }
            unit.factor *= factor
            return unit
        }
        guard let unit = units[String(name.dropFirst(2))], unit.kind == .data else { return nil }
        guard let power = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"].firstIndex(of: String(name.prefix(2))) else {
            return nil
        }
        return Unit(kind: .data, factor: unit.factor * pow(1024, Double(power + 1)))
    }

    private static let prefixes: [(String, Double)] = [
        ("da", 10), ("Y", 1e24), ("Z", 1e21), ("E", 1e18), ("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3),
        ("h", 100), ("e", 10), ("d", 0.1), ("c", 0.01), ("m", 1e-3), ("u", 1e-6), ("n", 1e-9), ("p", 1e-12),
        ("f", 1e-15),
        ("a", 1e-18), ("z", 1e-21), ("y", 1e-24),
    ]

    private static let units: [String: Unit] = {
        var units: [String: Unit] = [:]
        func add(_ kind: Kind, _ items: [(String, Double)], prefixed: Set<String> = []) {
            for (name, factor) in items {
                units[name] = Unit(kind: kind, factor: factor, takesPrefix: prefixed.contains(name))
            }
        }
        add(
            .mass,
            [
                ("g", 1), ("sg", 14_593.902_937_206_4), ("lbm", 453.592_37), ("u", 1.660_538_782_83e-24),
                ("ozm", 28.349_523_125), ("grain", 0.064_798_91), ("cwt", 45_359.237), ("stone", 6350.293_18),
                ("ton", 907_184.74), ("uk_ton", 1_016_046.908_8),
            ], prefixed: ["g", "u"])
        add(
            .length,
            [
                ("m", 1), ("mi", 1609.344), ("Nmi", 1852), ("in", 0.0254), ("ft", 0.3048), ("yd", 0.9144),
                ("ang", 1e-10), ("ell", 1.143), ("ly", 9.460_730_472_580_8e15), ("parsec", 3.085_677_581_281_55e16),
                ("pc", 3.085_677_581_281_55e16), ("Picapt", 0.0254 / 72), ("pica", 0.0254 / 6),
                ("survey_mi", 1609.347_218_694_44),
            ], prefixed: ["m", "ang", "ly", "parsec", "pc"])
        add(
            .time,
            [
                ("yr", 31_557_600), ("day", 86_400), ("d", 86_400), ("hr", 3600), ("mn", 60), ("min", 60), ("sec", 1),
                ("s", 1),
            ], prefixed: ["sec", "s"])
        add(
            .pressure,
            [
                ("Pa", 1), ("p", 1), ("atm", 101_325), ("at", 101_325), ("mmHg", 133.322), ("psi", 6894.757_293_168_36),
                ("Torr", 133.322_368_421_053),
            ], prefixed: ["Pa", "p", "atm", "at", "mmHg"])
        add(
            .force, [("N", 1), ("dyn", 1e-5), ("dy", 1e-5), ("lbf", 4.448_221_615_260_5), ("pond", 0.009_806_65)],
            prefixed: ["N", "dyn", "dy", "pond"])
        add(
            .energy,
            [
                ("J", 1), ("e", 1e-7), ("c", 4.184), ("cal", 4.1868), ("eV", 1.602_176_487e-19),
                ("HPh", 2_684_519.537_696_17),
                ("Wh", 3600), ("flb", 1.355_817_948_331_4), ("BTU", 1055.055_852_62),
            ], prefixed: ["J", "e", "c", "cal", "eV", "Wh"])
        add(.power, [("W", 1), ("w", 1), ("HP", 745.699_871_582_27), ("PS", 735.498_75)], prefixed: ["W", "w"])
        add(.magnetism, [("T", 1), ("ga", 1e-4)], prefixed: ["T", "ga"])
        add(
            .volume,
            [
                ("l", 0.001), ("L", 0.001), ("lt", 0.001), ("m3", 1), ("m^3", 1), ("tsp", 4.928_921_593_75e-6),
                ("tbs", 1.478_676_478_125e-5), ("oz", 2.957_352_956_25e-5), ("cup", 2.365_882_365e-4),
                ("pt", 4.731_764_73e-4), ("uk_pt", 5.682_612_5e-4), ("qt", 9.463_529_46e-4), ("gal", 0.003_785_411_784),
                ("uk_gal", 0.004_546_09), ("ft3", 0.028_316_846_592), ("in3", 1.638_706_4e-5),
                ("yd3", 0.764_554_857_984),
                ("barrel", 0.158_987_294_928),
            ], prefixed: ["l", "L", "lt"])
        add(
            .area,
            [
                ("m2", 1), ("m^2", 1), ("ha", 10_000), ("ar", 100), ("uk_acre", 4046.856_422_4),
                ("us_acre", 4046.872_609_874_25),
                ("ft2", 0.092_903_04), ("in2", 0.000_645_16), ("mi2", 2_589_988.110_336), ("yd2", 0.836_127_36),
                ("Morgen", 2500),
            ], prefixed: ["ar"])
        add(.data, [("bit", 1), ("byte", 8)], prefixed: ["bit", "byte"])
        add(
            .speed,
            [
                ("m/s", 1), ("m/sec", 1), ("m/h", 1 / 3600), ("m/hr", 1 / 3600), ("mph", 0.44704),
                ("kn", 1852.0 / 3600), ("admkn", 0.514_773_333_333_333),
            ], prefixed: ["m/s", "m/sec", "m/h", "m/hr"])
        for name in ["K", "kel"] { units[name] = Unit(kind: .temperature, factor: 1, takesPrefix: true) }
        for name in ["C", "cel"] { units[name] = Unit(kind: .temperature, factor: 1, offset: 273.15) }
        for name in ["F", "fah"] { units[name] = Unit(kind: .temperature, factor: 5 / 9, offset: 459.67 * 5 / 9) }
        return units
    }()
}
