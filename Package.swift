// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func module(_ name: String, _ path: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(path)", swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

func system(_ name: String, pkgConfig: String? = nil) -> Target {
    .systemLibrary(name: name, path: "Sources/\(name)", pkgConfig: pkgConfig)
}

let package = Package(
    name: "persona-platform",
    targets: [
        system("CLibPQ", pkgConfig: "libpq"),
        system("CHiredis"),
        system("CCurl", pkgConfig: "libcurl"),
        system("CLibXML2", pkgConfig: "libxml-2.0"),
        system("CLibZip", pkgConfig: "libzip"),
        system("CArgon2", pkgConfig: "libargon2"),
        system("CPangoCairo", pkgConfig: "pangocairo"),

        module("Domain", "Domain"),
        module("ToolKit", "Tools/Kit", ["Domain"]),
        tests("DomainTests", ["Domain"]),
        tests("ToolKitTests", ["ToolKit"]),
    ],
    swiftLanguageModes: [.v6]
)
