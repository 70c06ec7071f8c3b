// swift-tools-version: 6.1
import PackageDescription

// One target per room of ARCHITECTURE.md. A room lists only rooms below it, so
// the compiler refuses an import that the plan of the house does not allow.

/// Shims are compiled without contraction of a*b+c, so that results do not depend on the CPU.
let shim: [CSetting] = [.unsafeFlags(["-ffp-contract=off"])]
/// Bounds and overflow checks are dropped in the signal path only.
let signalPath: [SwiftSetting] = [.unsafeFlags(["-Ounchecked"], .when(configuration: .release))]

let package = Package(
    name: "Lathe",
    products: [.executable(name: "lathe", targets: ["lathe"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .target(name: "CTerminal", cSettings: shim, linkerSettings: [.linkedLibrary("ncursesw"), .linkedLibrary("tinfo")]),
        .target(name: "CSndFile", cSettings: shim, linkerSettings: [.linkedLibrary("sndfile")]),
        .target(name: "CFFTW", cSettings: shim, linkerSettings: [.linkedLibrary("fftw3f")]),
        .target(name: "CALSA", cSettings: shim, linkerSettings: [.linkedLibrary("asound")]),
        .target(name: "CSQLite", cSettings: shim, linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(name: "CLinux", cSettings: shim),

        .target(name: "CSignal", cSettings: shim),
        .target(name: "DSP", dependencies: ["CFFTW", "CSignal"], swiftSettings: signalPath),
        .target(name: "AudioFiles", dependencies: ["DSP", "CSignal", "CSndFile", "CLinux"]),
        .target(name: "Mastering", dependencies: [
            "DSP", "AudioFiles", "TOMLKit", .product(name: "Crypto", package: "swift-crypto"),
        ]),
        .target(name: "Composition", dependencies: ["TOMLKit"]),
        .target(name: "Instruments", dependencies: ["DSP", "Composition"]),
        .target(name: "PrivacyLedger", dependencies: ["CSQLite", "CLinux", .product(name: "Crypto", package: "swift-crypto")]),
        .target(name: "Rendering", dependencies: [
            "Mastering", "Instruments", "Composition", "AudioFiles", "PrivacyLedger", "CLinux", .product(name: "Crypto", package: "swift-crypto"),
        ]),
        .target(name: "RemoteTiers", dependencies: [
            "Rendering", "Composition", "Mastering", "AudioFiles", "PrivacyLedger", "TOMLKit", .product(name: "AsyncHTTPClient", package: "async-http-client"),
            .product(name: "Crypto", package: "swift-crypto"),
        ]),
        .target(name: "Service", dependencies: [
            "Rendering", "Composition", "Mastering", "AudioFiles", "PrivacyLedger", "CLinux",
            .product(name: "Hummingbird", package: "hummingbird"), .product(name: "Crypto", package: "swift-crypto"),
            .product(name: "AsyncHTTPClient", package: "async-http-client"),
        ], exclude: ["API.md"]),
        .target(name: "Playback", dependencies: ["DSP", "AudioFiles", "Mastering", "CALSA"]),
        .target(name: "Page", dependencies: [
            "Playback", "Mastering", .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "NIOHTTP1", package: "swift-nio"),
        ], resources: [.embedInCode("Web/page.html"), .embedInCode("Web/page.css"), .embedInCode("Web/page.js"), .embedInCode("Web/voices.js")]),
        .target(name: "Terminal", dependencies: ["CTerminal"]),
        .target(name: "Studio", dependencies: ["Terminal", "Page", "Playback", "Rendering", "Composition", "Mastering", "PrivacyLedger", "AudioFiles", "TOMLKit"]),
        .executableTarget(name: "lathe", dependencies: [
            "Studio", "Terminal", "Page", "Playback", "Service", "RemoteTiers", "Rendering", "Composition", "Instruments", "Mastering", "PrivacyLedger", "AudioFiles", "DSP",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ]),

        .testTarget(name: "DSPTests", dependencies: ["DSP", "CSignal"]),
        .testTarget(name: "AudioFilesTests", dependencies: ["AudioFiles", "DSP", "CSndFile", "TestSupport", "lathe-probe"]),
        .testTarget(name: "MasteringTests", dependencies: ["Mastering", "AudioFiles", "DSP"]),
        .testTarget(name: "CompositionTests", dependencies: ["Composition"]),
        .testTarget(name: "InstrumentsTests", dependencies: ["Instruments", "Composition", "DSP"]),
        // Folders and processes of tests, with the calls they need.
        .target(name: "CSpawn", path: "Tests/CSpawn"),
        .target(name: "TestSupport", dependencies: ["CSpawn"], path: "Tests/TestSupport"),
        // A process for tests to kill, starve and leave behind.
        .executableTarget(name: "lathe-probe", dependencies: ["Rendering", "PrivacyLedger", "Mastering", "AudioFiles", "CSQLite"], path: "Tests/Probe"),
        .testTarget(name: "PrivacyLedgerTests", dependencies: ["PrivacyLedger", "CSQLite", "TestSupport", "lathe-probe"]),
        .testTarget(name: "RenderingTests", dependencies: ["Rendering", "Composition", "Mastering", "PrivacyLedger", "AudioFiles", "DSP", "TestSupport", "lathe-probe"]),
        .testTarget(name: "RemoteTiersTests", dependencies: ["RemoteTiers", "Rendering", "Mastering", "PrivacyLedger", "AudioFiles", "DSP", "TestSupport"]),
        // Counts allocations by thread; in the tests' binary only.
        .target(name: "CAllocations", path: "Tests/CAllocations"),
        .testTarget(name: "ServiceTests", dependencies: ["Service", "Rendering", "PrivacyLedger", "TestSupport"]),
        .testTarget(name: "PlaybackTests", dependencies: ["Playback", "Mastering", "AudioFiles", "DSP", "CAllocations"]),
        .testTarget(name: "PageTests", dependencies: ["Page", "Playback", "Mastering", "AudioFiles", "PrivacyLedger", .product(name: "NIOCore", package: "swift-nio")]),
        .testTarget(name: "TerminalTests", dependencies: ["Terminal", "CTerminal"]),
        .testTarget(name: "StudioTests", dependencies: ["Studio", "Terminal", "Rendering", "Mastering", "Playback", "PrivacyLedger", "AudioFiles"], exclude: ["Golden"]),
        .testTarget(name: "CommandTests", dependencies: ["lathe", "AudioFiles", "DSP", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
