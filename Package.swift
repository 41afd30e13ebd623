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

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: exclude, swiftSettings: settings)
}

func system(_ name: String, pkgConfig: String? = nil) -> Target {
    .systemLibrary(name: name, path: "Sources/\(name)", pkgConfig: pkgConfig)
}

let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioFileSystem = Target.Dependency.product(name: "_NIOFileSystem", package: "swift-nio")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "persona-platform",
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        system("CLibPQ", pkgConfig: "libpq"),
        system("CHiredis"),
        system("CCurl", pkgConfig: "libcurl"),
        system("CLibXML2", pkgConfig: "libxml-2.0"),
        system("CLibZip", pkgConfig: "libzip"),
        system("CZLib"),
        system("CArgon2", pkgConfig: "libargon2"),
        system("CPangoCairo", pkgConfig: "pangocairo"),
        system("CLinux"),
        system("CSQLite", pkgConfig: "sqlite3"),

        // Values and wire modules: they know nothing of each other.
        module("Domain", "Domain"),
        module("Postgres", "Postgres", ["CLibPQ"]),
        module("Redis", "Redis", ["CHiredis"]),
        module("HTTPClient", "HTTPClient", ["CCurl"]),
        module("MIME", "Tools/Email/MIME"),
        module("IMAP", "Tools/Email/IMAP", ["CCurl"]),
        module("SMTP", "Tools/Email/SMTP", ["CCurl"]),
        module("CDP", "Tools/Browser/CDP"),
        module("Reader", "Tools/Browser/Reader", ["CLibXML2"]),
        module("DocumentModel", "Tools/Office/Model"),
        module("OOXML", "Tools/Office/OOXML", ["DocumentModel", "CLibZip", "CZLib", "CPangoCairo", "Formula"]),
        module("Formula", "Tools/Office/Formula"),
        module("CSV", "Tools/Data/CSV"),
        module("Programs", "Tools/Programs", ["CLinux"]),
        module(
            "Reading", "Tools/Office/Reading",
            ["DocumentModel", "CLibXML2", "CLibZip", "Reader", "CSV", "MIME", "Programs"]),
        module("SQLite", "Tools/Data/SQLite", ["CSQLite"]),
        module("Archive", "Tools/Files/Archive", ["CLibZip"]),
        module("Patterns", "Tools/Text/Patterns"),
        module("Embedded", "Embedded", [logging]),
        module("Sockets", "Containers/Sockets", ["CLinux"]),
        module("Egress", "Containers/Egress", ["Sockets"]),
        module("DockerEngine", "Containers/Docker", ["Sockets"]),
        module("Failpoints", "Failpoints"),
        module("Timetables", "Timetables"),
        module("ICalendar", "Tools/Calendar/ICalendar", ["Timetables"]),

        // Tools: what a persona can do, inside its sandbox.
        module("JSONSchema", "Tools/Schema", ["Domain"]),
        module("ToolKit", "Tools/Kit", ["Domain", "JSONSchema"]),
        module("EmailTool", "Tools/Email/Tool", ["Domain", "JSONSchema", "ToolKit", "MIME", "IMAP", "SMTP"]),
        module("BrowserTool", "Tools/Browser/Tool", ["Domain", "JSONSchema", "ToolKit", "CDP", "Reader"]),
        module("BriefingTool", "Tools/Briefing", ["Domain", "ToolKit", "DocumentModel"]),

        module("PDF", "Tools/Office/PDF", ["DocumentModel", "CPangoCairo", "CZLib"]),
        module(
            "ReportTool", "Tools/Office/Report", ["Domain", "JSONSchema", "ToolKit", "DocumentModel", "OOXML", "PDF"]),
        module(
            "DocumentTool", "Tools/Office/Documents",
            ["CLinux", "Domain", "JSONSchema", "ToolKit", "DocumentModel", "Reading", "Programs"]),
        module(
            "OfficeTool", "Tools/Office/Tool",
            ["Domain", "JSONSchema", "ToolKit", "DocumentModel", "OOXML", "Formula", "CSV"]),
        module("ToolSearch", "Tools/Search", ["ToolKit"]),
        module(
            "ForeignContracts", "Tools/Foreign/Contracts", ["Domain", "JSONSchema", "ToolKit", yams]),
        module(
            "ForeignTool", "Tools/Foreign/Tool",
            ["CLinux", "Domain", "ForeignContracts", "HTTPClient", "Sockets", "ToolKit"]),
        module("Workspaces", "Tools/Workspaces", ["CLinux", "Domain", "ToolKit", "MIME"]),
        module("FilesTool", "Tools/Files/Tool", ["Domain", "ToolKit", "Workspaces", "Archive", "Patterns"]),
        module("HTTPTool", "Tools/HTTP", ["Domain", "ToolKit", "Workspaces", "HTTPClient"]),
        module("ShellTool", "Tools/Shell", ["CLinux", "Domain", "ToolKit", "Workspaces"]),
        module(
            "TableTool", "Tools/Data/Tool",
            ["Domain", "JSONSchema", "ToolKit", "Workspaces", "CSV", "SQLite", "CLibZip"]),
        module("TextTool", "Tools/Text/Tool", ["Domain", "ToolKit", "Workspaces", "Patterns"]),
        module("CalendarTool", "Tools/Calendar/Tool", ["Domain", "ToolKit", "Workspaces", "ICalendar", "Timetables"]),
        module("ToolHost", "Tools/Host", ["Domain", "ToolKit", "Sockets"]),

        // The platform.
        module("OrchestratorCore", "Orchestrator/Core", ["Domain", "ToolKit", crypto]),
        module(
            "OrchestratorService", "Orchestrator/Service",
            ["Domain", "ToolKit", "Store", "Postgres", "Redis", "OrchestratorCore", "Failpoints", logging, lifecycle]),
        module(
            "PersonaContainers", "Containers/Personas",
            ["CLinux", "Domain", "ToolKit", "Sockets", "Egress", "DockerEngine"]),
        module("Workers", "Workers/Service", ["Domain", "ToolKit", "PersonaContainers", "Egress", "Failpoints"]),
        module(
            "WorkerStore", "Workers/Store",
            ["Workers", "Store", "Domain", "ToolKit", "PersonaContainers", "Sockets", "Vault"]),
        module("Vault", "Vault", ["Domain", "CArgon2", crypto]),
        module(
            "Store", "Store",
            ["Domain", "JSONSchema", "Postgres", "Vault", "ToolKit", "Failpoints", "Timetables", crypto]),
        module(
            "Upkeep", "Orchestrator/Upkeep",
            ["Domain", "Store", "Vault", "HTTPClient", "Egress", "Sockets", logging, lifecycle]),
        module("Simulation", "Simulation/Simulator", ["Domain", "ToolKit", "OrchestratorCore"]),
        .executableTarget(
            name: "simulate", dependencies: ["Simulation"], path: "Sources/Simulation/Command",
            swiftSettings: settings),
        .executableTarget(
            name: "OrchestratorBench",
            dependencies: [
                "Domain", "Embedded", "OrchestratorCore", "OrchestratorService", "Postgres", "Store", "ToolKit",
                logging,
            ], path: "Benchmarks/Orchestrator", swiftSettings: settings),
        module("Models", "Models", ["Domain", "HTTPClient"]),
        module(
            "API", "API",
            [
                "Domain", "ForeignContracts", "JSONSchema", "OrchestratorCore", "Store", "Timetables", "ToolKit",
                "ToolSearch", "Vault", "Postgres",
                hummingbird, httpTypes,
                crypto, lifecycle,
                logging,
                nioCore, nioFileSystem,
            ]),
        module(
            "Server", "Server",
            [
                "Domain", "Postgres", "Redis", "HTTPClient", "Store", "Vault", "API", "Embedded", "Models",
                "Failpoints",
                "OrchestratorCore", "OrchestratorService", "Upkeep", "Workers", "WorkerStore", "PersonaContainers",
                "DockerEngine", "Egress", "Sockets",
                "ToolKit", "ToolHost", "EmailTool", "BrowserTool", "CDP", "BriefingTool", "OfficeTool", "ReportTool",
                "DocumentTool", "Reading", "ForeignContracts", "ForeignTool", "CalendarTool", "FilesTool", "HTTPTool",
                "ShellTool", "TableTool", "TextTool", "MIME", "SMTP", "IMAP", hummingbird, lifecycle, unixSignals,
                crypto, logging,
                arguments, yams,
            ]),
        .executableTarget(
            name: "persona", dependencies: ["Server", "CLinux", arguments], path: "Sources/Command",
            swiftSettings: settings),

        module("TestKit", "TestKit", ["CLinux", "Embedded", "Postgres"]),
        tests("DomainTests", ["Domain"]),
        tests("TimetableTests", ["Timetables"]),
        tests("PostgresTests", ["Postgres", "TestKit"]),
        tests("RedisTests", ["Redis", "TestKit"]),
        tests("HTTPClientTests", ["HTTPClient", "TestKit"]),
        tests("MIMETests", ["MIME"]),
        tests("IMAPTests", ["IMAP", "TestKit"]),
        tests("SMTPTests", ["SMTP", "TestKit"]),
        tests("CDPTests", ["CDP", "TestKit"]),
        tests("ReaderTests", ["Reader"]),
        tests("JSONSchemaTests", ["JSONSchema", "Domain"]),
        tests("ToolSearchTests", ["ToolSearch", "ToolKit"]),
        .target(
            name: "ForeignServers", dependencies: ["Domain", "ForeignContracts", "HTTPClient", "TestKit"],
            path: "Tests/Fixtures/ForeignServers", swiftSettings: settings),
        tests(
            "ForeignToolTests",
            ["Domain", "ForeignContracts", "ForeignServers", "ForeignTool", "JSONSchema", "TestKit", "ToolKit"]),
        tests("ToolKitTests", ["ToolKit", "Domain", "JSONSchema"]),
        tests("EmailToolTests", ["EmailTool", "ToolKit", "Domain", "MIME", "IMAP", "TestKit", "Embedded"]),
        tests("BrowserToolTests", ["BrowserTool", "CDP", "Domain", "TestKit", "ToolKit"]),
        tests(
            "OOXMLTests", ["DocumentModel", "Formula", "OOXML", "CLibZip", "TestKit"],
            exclude: ["Pictures", "References"]),
        .executableTarget(
            name: "FormulaBench", dependencies: ["Formula"], path: "Tests/Fixtures/FormulaBench",
            swiftSettings: settings),
        .executableTarget(
            name: "DocumentBench", dependencies: ["DocumentModel", "Formula", "OOXML"],
            path: "Tests/Fixtures/DocumentBench", swiftSettings: settings),
        .executableTarget(
            name: "DeckBench", dependencies: ["DocumentModel", "OOXML"], path: "Tests/Fixtures/DeckBench",
            swiftSettings: settings),
        tests("FormulaTests", ["Formula", "TestKit"]),
        tests("CSVTests", ["CSV"]),
        tests(
            "BuiltinToolTests",
            [
                "Archive", "CalendarTool", "Domain", "Egress", "FilesTool", "HTTPTool", "ICalendar",
                "Patterns", "SQLite", "ShellTool", "Sockets", "TableTool", "TestKit", "TextTool", "Timetables",
                "ToolKit",
                "Workspaces",
            ]),
        tests("OfficeToolTests", ["Domain", "ToolKit", "DocumentModel", "OfficeTool"]),
        tests("BriefingToolTests", ["BriefingTool", "DocumentModel", "Domain", "ToolKit"]),
        tests(
            "OrchestratorServiceTests",
            [
                "OrchestratorService", "OrchestratorCore", "Store", "Postgres", "Redis", "Domain", "JSONSchema",
                "ToolKit",
                "TestKit", "Vault", "WorkerStore", "Workers", crypto, logging,
            ]),
        tests("SimulationTests", ["Simulation"]),
        tests(
            "ConformanceTests",
            ["Simulation", "Domain", "ToolKit", "OrchestratorCore", "Postgres", "Store", "TestKit"]),
        tests("EgressTests", ["Egress", "Sockets"]),
        .executableTarget(
            name: "ReportBench", dependencies: ["DocumentModel", "PDF"], path: "Tests/Fixtures/ReportBench",
            swiftSettings: settings),
        tests("PDFTests", ["PDF", "DocumentModel", "TestKit"]),
        .executableTarget(
            name: "DocumentReaderFixture", dependencies: ["Reading"], path: "Tests/Fixtures/DocumentReaderFixture",
            swiftSettings: settings),
        tests(
            "ReadingTests",
            ["Reading", "DocumentModel", "Programs", "CLibZip", "DocumentReaderFixture", "TestKit"]),
        tests(
            "DocumentToolTests",
            ["DocumentTool", "Domain", "ToolKit", "Reading", "DocumentReaderFixture", "TestKit"]),
        tests("ReportToolTests", ["ReportTool", "Domain", "ToolKit", "DocumentModel", "OOXML", "TestKit"]),
        tests("OrchestratorCoreTests", ["OrchestratorCore", "Domain", "ToolKit"], exclude: ["Histories"]),
        .target(name: "EscapeAttempts", path: "Tests/Fixtures/EscapeAttempts", publicHeadersPath: "include"),
        .executableTarget(
            name: "SandboxBench",
            dependencies: [
                "DockerEngine", "Domain", "Egress", "Embedded", "PersonaContainers", "Postgres", "Sockets", "Store",
                "TestKit", "ToolHost", "ToolKit", "WorkerStore", "Workers",
            ], path: "Benchmarks/Sandbox", swiftSettings: settings),
        .executableTarget(
            name: "ToolHostFixture", dependencies: ["Domain", "EscapeAttempts", "ToolKit", "ToolHost"],
            path: "Tests/Fixtures/ToolHostFixture", swiftSettings: settings),
        tests("SocketsTests", ["Sockets"]),
        tests("DockerEngineTests", ["DockerEngine"]),
        tests(
            "PersonaContainersTests",
            [
                "PersonaContainers", "DockerEngine", "Domain", "Egress", "Sockets", "TestKit", "ToolKit",
                "EscapeAttempts", "ToolHostFixture",
            ]),
        tests(
            "WorkersTests",
            ["Workers", "PersonaContainers", "Domain", "Egress", "Sockets", "ToolKit", "ToolHostFixture"]),
        .executableTarget(
            name: "ServiceHolder", dependencies: ["Embedded"], path: "Tests/Fixtures/ServiceHolder",
            swiftSettings: settings),
        tests("EmbeddedTests", ["Embedded", "TestKit", "ServiceHolder"]),
        tests("LayerTests", ["TestKit"]),
        tests("TestKitTests", ["TestKit", "Postgres", "Embedded"]),
        tests("VaultTests", ["Vault", "Domain", crypto]),
        tests("ModelsTests", ["Models", "Domain", "HTTPClient", "TestKit"]),
        tests("StoreTests", ["Store", "Domain", "JSONSchema", "Postgres", "TestKit", "ToolKit", "Vault", crypto]),
        tests(
            "APITests",
            [
                "API", "Domain", "Egress", "HTTPClient", "JSONSchema", "OrchestratorCore", "OrchestratorService",
                "Postgres", "Store",
                "TestKit", "ToolKit", "Upkeep", "Vault", hummingbird, httpTypes, crypto, lifecycle, logging,
            ]),
        tests(
            "DashboardTests",
            [
                "API", "CDP", "Domain", "Postgres", "Store", "TestKit", "Vault", hummingbird, httpTypes, crypto,
                logging,
            ]),
        .target(
            name: "PlatformKit",
            dependencies: ["Domain", "Embedded", "MIME", "Postgres", "Store", "TestKit", "ToolKit", "Vault"],
            path: "Tests/Fixtures/PlatformKit", swiftSettings: settings),
        tests(
            "FaultTests",
            [
                "persona", "PlatformKit", "Domain", "Embedded", "MIME", "Postgres", "Redis", "Store", "TestKit",
                "ToolKit", "Vault",
            ]),
        tests(
            "EndToEndTests",
            [
                "persona", "ForeignContracts", "ForeignServers", "PlatformKit", "Domain", "Embedded", "MIME",
                "Postgres", "Store",
                "TestKit", "Vault",
            ]),
        tests(
            "ServerTests", ["Server", "BrowserTool", "CDP", "Domain", "JSONSchema", "ToolKit", "ToolSearch", logging]),
        tests(
            "DeploymentTests",
            [
                "persona", "DockerEngine", "Domain", "Egress", "PersonaContainers", "Server", "Sockets", "TestKit",
                "ToolKit", arguments, yams,
            ]),
    ],
    swiftLanguageModes: [.v6]
)
