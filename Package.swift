// swift-tools-version: 6.2

import PackageDescription

/// Every Swift target: warnings are errors.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// Targets that only touch memory through safe types, but for a few marked expressions.
let memorySafe: [SwiftSetting] = strict + [.strictMemorySafety()]

/// swift-log.
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
    name: "airbyte-connector-sidecar",
    products: [
        .executable(name: "airbyte-connector-sidecar", targets: ["airbyte-connector-sidecar"]),
        .executable(name: "sidecar-simulator", targets: ["sidecar-simulator"]),
        .executable(name: "sidecarctl", targets: ["sidecarctl"]),
        .library(name: "ControlPlane", targets: ["ControlPlane"]),
        .library(name: "Reactor", targets: ["Reactor"]),
        .library(name: "Scheduling", targets: ["Scheduling"]),
        .library(name: "AirbyteProtocol", targets: ["AirbyteProtocol"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // Command-line tools only: it brings Foundation, which the sidecar does without.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        // C shims: what Swift cannot import, and nothing else.
        .target(name: "CUring", linkerSettings: [.linkedLibrary("uring")]),
        .target(name: "CInotify"),
        .target(name: "CLinux"),
        .target(name: "CConfinement"),
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl"), .linkedLibrary("ssl")]),
        .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CXXHash"),
        .target(name: "CUtf8proc", linkerSettings: [.linkedLibrary("utf8proc")]),
        .target(name: "CCrypto", linkerSettings: [.linkedLibrary("crypto")]),
        .target(name: "CExpat", linkerSettings: [.linkedLibrary("expat")]),
        .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),

        // Pure: values, state machines, protocols. Time, randomness and the outside world are handed in.
        .target(name: "Containers", swiftSettings: memorySafe),
        .target(name: "Scheduling", swiftSettings: strict),
        .target(name: "Text", swiftSettings: memorySafe),
        .target(name: "HTTP", dependencies: ["Scheduling", "Text"], swiftSettings: memorySafe),
        .target(
            name: "AirbyteProtocol",
            dependencies: ["Text", "CSimdjson", "CUtf8proc", "CXXHash"],
            swiftSettings: memorySafe
        ),
        .target(name: "Crypto", dependencies: ["CCrypto"], swiftSettings: memorySafe),
        .target(name: "Settings", dependencies: ["Scheduling", "Text", "HTTP"], swiftSettings: memorySafe),
        .target(
            name: "Storage",
            dependencies: [
                "Scheduling", "Text", "HTTP", "Settings", "AirbyteProtocol", "Crypto", "CExpat", logging,
            ],
            swiftSettings: memorySafe
        ),
        .target(
            name: "Workload",
            dependencies: ["Containers", "Scheduling", "Text", "HTTP", "AirbyteProtocol", "Crypto", logging],
            swiftSettings: memorySafe
        ),

        .target(
            name: "Telemetry",
            dependencies: ["Containers", "Scheduling", "Text", "HTTP", "AirbyteProtocol", "CZlib"],
            swiftSettings: memorySafe
        ),

        // The machine: the loop, libcurl on it, and the process that wires everything.
        .target(
            name: "Reactor",
            dependencies: ["Containers", "Scheduling", "CUring", "CInotify", "CLinux"],
            swiftSettings: strict
        ),
        .target(name: "Confinement", dependencies: ["Reactor", "CConfinement"], swiftSettings: memorySafe),
        .target(
            name: "CurlTransport",
            dependencies: ["Containers", "Scheduling", "Text", "HTTP", "Reactor", "CCurl"],
            swiftSettings: strict
        ),
        .target(
            name: "Sidecar",
            dependencies: [
                "Containers", "Scheduling", "Text", "HTTP", "Settings", "AirbyteProtocol", "Storage", "Telemetry",
                "Workload", "Reactor", "Confinement", "CurlTransport", "CLinux", logging,
            ],
            swiftSettings: memorySafe
        ),
        .executableTarget(
            name: "airbyte-connector-sidecar",
            dependencies: ["Sidecar"],
            swiftSettings: memorySafe
        ),

        // What a sidecar talks to, on loopback: for `sidecarctl run` and the benchmarks.
        .target(
            name: "ControlPlane",
            dependencies: ["Scheduling", "AirbyteProtocol", "Crypto", "Reactor", "CLinux"],
            swiftSettings: strict
        ),

        // The command for people: what the sidecar sees, decides and does.
        .executableTarget(
            name: "sidecarctl",
            dependencies: [
                "Scheduling", "Text", "HTTP", "Settings", "AirbyteProtocol", "Crypto", "Storage", "Telemetry", "Workload",
                "Reactor", "Confinement", "CurlTransport", "Sidecar", "ControlPlane", "CLinux", "CUtf8proc", logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: memorySafe
        ),

        // A workload in a made-up world, reproducible by seed, and what must hold there.
        .target(
            name: "Simulation",
            dependencies: [
                "Scheduling", "Text", "HTTP", "Settings", "AirbyteProtocol", "Crypto", "Storage", "Workload",
                "Reactor", "Sidecar",
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "sidecar-simulator",
            dependencies: [
                "Simulation", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),

        // Fakes and builders that several test targets share.
        .target(
            name: "TestSupport",
            dependencies: ["Scheduling", "HTTP", logging],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .target(
            name: "ProtocolTestSupport",
            dependencies: ["AirbyteProtocol"],
            path: "Tests/ProtocolTestSupport",
            swiftSettings: strict
        ),
        .target(
            name: "WorkloadTestSupport",
            dependencies: ["Workload"],
            path: "Tests/WorkloadTestSupport",
            swiftSettings: strict
        ),
        .target(
            name: "SidecarTestSupport",
            dependencies: ["Sidecar", "Storage", "Settings", "HTTP", "Reactor", "Scheduling", "TestSupport"],
            path: "Tests/SidecarTestSupport",
            swiftSettings: strict
        ),
        // A workload on fakes in a process that the kernel has sealed.
        .target(name: "CSeal", path: "Tests/CSeal"),
        .executableTarget(
            name: "sealed-job",
            dependencies: ["CSeal", "SidecarTestSupport"],
            path: "Tests/SealedJob",
            swiftSettings: strict
        ),
        // The sidecar's process, confined, as an attacker's.
        .executableTarget(
            name: "confined-probe",
            dependencies: ["Sidecar", "Reactor", "HTTP", "Storage", "CLinux", "CUring"],
            path: "Tests/ConfinedProbe",
            swiftSettings: strict
        ),
        .testTarget(
            name: "ConfinementTests",
            dependencies: ["Confinement", "CConfinement"],
            swiftSettings: strict
        ),
        // What holds for every input, see docs/FUZZING.md.
        .target(
            name: "Fuzzing",
            dependencies: [
                "Scheduling", "Text", "HTTP", "AirbyteProtocol", "Settings", "Storage", "Telemetry", "Workload",
                "CurlTransport", "Sidecar", "ProtocolTestSupport", "TestSupport", "WorkloadTestSupport",
            ],
            path: "Tests/Fuzzing",
            swiftSettings: strict
        ),
        .testTarget(
            name: "ContainersTests",
            dependencies: ["Containers", "Scheduling"],
            swiftSettings: strict
        ),
        .testTarget(name: "SchedulingTests", dependencies: ["Scheduling"], swiftSettings: strict),
        .testTarget(name: "TextTests", dependencies: ["Text"], swiftSettings: strict),
        .testTarget(name: "HTTPTests", dependencies: ["HTTP", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "CryptoTests", dependencies: ["Crypto"], swiftSettings: strict),
        .testTarget(
            name: "AirbyteProtocolTests",
            dependencies: ["AirbyteProtocol", "ProtocolTestSupport", "Scheduling", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "StorageTests",
            dependencies: ["Storage", "ProtocolTestSupport", "TestSupport", logging],
            swiftSettings: strict
        ),
        .testTarget(
            name: "WorkloadTests",
            dependencies: ["Workload", "WorkloadTestSupport", "ProtocolTestSupport", "TestSupport", logging],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TelemetryTests",
            dependencies: ["Telemetry", "AirbyteProtocol", "HTTP", "Scheduling", "TestSupport", "Workload"],
            swiftSettings: strict
        ),
        // What documents say, compared with what the code says.
        .testTarget(
            name: "DocumentationTests",
            dependencies: ["TestSupport", "Workload"],
            swiftSettings: strict
        ),
        .testTarget(name: "ReactorTests", dependencies: ["Reactor", "Scheduling"], swiftSettings: strict),
        .testTarget(
            name: "ControlPlaneTests",
            dependencies: ["ControlPlane", "AirbyteProtocol", "Reactor", "Scheduling"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CurlTransportTests",
            dependencies: ["CurlTransport", "HTTP", "Reactor", "Scheduling", "TestSupport"],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SidecarTests",
            dependencies: [
                "Sidecar", "SidecarTestSupport", "Confinement", "sealed-job", "WorkloadTestSupport", "ProtocolTestSupport",
                "TestSupport", logging,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "FuzzingTests",
            dependencies: ["Fuzzing", "AirbyteProtocol", "HTTP", "ProtocolTestSupport", "Telemetry", "Workload"],
            exclude: ["Corpus"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SimulationTests",
            dependencies: ["Simulation", "Scheduling"],
            swiftSettings: strict
        ),
        // Storage services that tests start, and the services' own clients.
        .target(
            name: "StoragePeers",
            dependencies: ["Reactor", "CurlTransport", "HTTP", "Scheduling", "TestSupport"],
            path: "Tests/StoragePeers",
            exclude: ["servers"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "StoragePeerTests",
            dependencies: [
                "StoragePeers", "Storage", "Sidecar", "ProtocolTestSupport", "TestSupport", logging,
            ],
            swiftSettings: strict
        ),
        // Receivers of telemetry that tests start.
        .target(
            name: "TelemetryPeers",
            dependencies: ["Reactor", "CurlTransport", "HTTP", "Scheduling", "TestSupport"],
            path: "Tests/TelemetryPeers",
            exclude: ["servers"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TelemetryPeerTests",
            dependencies: [
                "TelemetryPeers", "Telemetry", "CurlTransport", "HTTP", "Reactor", "Scheduling", "Sidecar", "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "airbyte-connector-sidecar", "confined-probe", "sidecarctl", "Scheduling", "StoragePeers",
                "TelemetryPeers", "TestSupport",
            ],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)

// libFuzzer brings a `main` of its own: this program links only where its sanitizer is on, see scripts/fuzz.
if Context.environment["LIBFUZZER"] != nil {
    package.targets.append(
        .executableTarget(
            name: "libfuzzer",
            dependencies: ["Fuzzing"],
            path: "Tests/LibFuzzer",
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]
        )
    )
}
