// swift-tools-version: 6.2

import PackageDescription

/// Every Swift target: warnings are errors.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
    name: "sidecar-bench",
    products: [
        .executable(name: "sidecar-bench", targets: ["sidecar-bench"]),
        .library(name: "SyntheticOutput", targets: ["SyntheticOutput"]),
    ],
    dependencies: [
        .package(name: "airbyte-connector-sidecar", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        // Outputs of connectors that do not exist, reproducible by seed.
        .target(name: "SyntheticOutput", swiftSettings: strict),
        // Results: statistics, tables, JSON, plots.
        .target(name: "BenchReport", dependencies: ["SyntheticOutput"], swiftSettings: strict),
        // What Swift cannot import of C.
        .target(
            name: "CBench",
            // Optimised in a debug build too: it must not be what is measured.
            cSettings: [.unsafeFlags(["-O2"])]
        ),
        // Processes, their workspaces, object store and receivers, /proc.
        .target(
            name: "BenchHarness",
            dependencies: [
                "CBench", "SyntheticOutput",
                .product(name: "ControlPlane", package: "airbyte-connector-sidecar"),
                .product(name: "Reactor", package: "airbyte-connector-sidecar"),
                .product(name: "Scheduling", package: "airbyte-connector-sidecar"),
            ],
            swiftSettings: strict
        ),
        // Ways to read an output, for comparison.
        .target(name: "CSimdjsonDOM", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(
            name: "ParseSubjects",
            dependencies: [
                "CSimdjsonDOM",
                .product(name: "AirbyteProtocol", package: "airbyte-connector-sidecar"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "sidecar-bench",
            dependencies: [
                "BenchReport", "BenchHarness", "ParseSubjects", "SyntheticOutput",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),

        .testTarget(
            name: "SyntheticOutputTests",
            dependencies: [
                "SyntheticOutput",
                .product(name: "AirbyteProtocol", package: "airbyte-connector-sidecar"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ParseSubjectsTests",
            dependencies: ["ParseSubjects", "SyntheticOutput"],
            swiftSettings: strict
        ),
        .testTarget(name: "BenchReportTests", dependencies: ["BenchReport"], swiftSettings: strict),
        .testTarget(
            name: "BenchHarnessTests",
            dependencies: [
                "BenchHarness", "BenchReport", "sidecar-bench",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
