// swift-tools-version: 6.2

import PackageDescription

/// Every Swift target: warnings are errors.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// Targets that only touch memory through safe types, but for a few marked expressions.
let memorySafe: [SwiftSetting] = strict + [.strictMemorySafety()]

let package = Package(
    name: "airbyte-connector-sidecar",
    products: [
        .executable(name: "airbyte-connector-sidecar", targets: ["airbyte-connector-sidecar"]),
        .library(name: "Reactor", targets: ["Reactor"]),
        .library(name: "AirbyteProtocol", targets: ["AirbyteProtocol"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2")
    ],
    targets: [
        // C shims: what Swift cannot import, and nothing else.
        .target(name: "CUring", linkerSettings: [.linkedLibrary("uring")]),
        .target(name: "CInotify"),
        .target(name: "CLinux"),
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl"), .linkedLibrary("ssl")]),
        .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CXXHash"),
        .target(name: "CUtf8proc", linkerSettings: [.linkedLibrary("utf8proc")]),
        .target(name: "CCrypto", linkerSettings: [.linkedLibrary("crypto")]),
        .target(name: "CExpat", linkerSettings: [.linkedLibrary("expat")]),

        .target(name: "Reactor", dependencies: ["CUring", "CInotify", "CLinux"], swiftSettings: strict),
        .target(
            name: "AirbyteProtocol",
            dependencies: ["CSimdjson", "CUtf8proc", "CXXHash"],
            swiftSettings: memorySafe
        ),
        .target(name: "CurlTransport", dependencies: ["Reactor", "CCurl"], swiftSettings: strict),
        .target(
            name: "Sidecar",
            dependencies: [
                "Reactor", "AirbyteProtocol", "CurlTransport", "CLinux", "CCrypto", "CExpat",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: memorySafe
        ),
        .executableTarget(
            name: "airbyte-connector-sidecar",
            dependencies: ["Sidecar"],
            swiftSettings: memorySafe
        ),

        .testTarget(name: "ReactorTests", dependencies: ["Reactor"], swiftSettings: strict),
        .testTarget(name: "AirbyteProtocolTests", dependencies: ["AirbyteProtocol"], swiftSettings: strict),
        // What several test targets use.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(
            name: "CurlTransportTests",
            dependencies: ["CurlTransport", "TestSupport"],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SidecarTests",
            dependencies: [
                "Sidecar", "Reactor", "AirbyteProtocol", "CurlTransport", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        // Storage services that tests start, and the services' own clients.
        .target(
            name: "StoragePeers",
            dependencies: ["Reactor", "CurlTransport", "TestSupport"],
            path: "Tests/StoragePeers",
            swiftSettings: strict
        ),
        .testTarget(
            name: "StorageTests",
            dependencies: [
                "StoragePeers", "Sidecar", "Reactor", "CurlTransport",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["airbyte-connector-sidecar", "StoragePeers", "TestSupport"],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
