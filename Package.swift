// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// `make check` sets this; a dependent's or a user's build never fails on a newer compiler's warning.
let warningsAreErrors = Context.environment["NEAREST_WARNINGS"] == "error"
let swiftSettings: [SwiftSetting] = warningsAreErrors ? [.treatAllWarnings(as: .error)] : []
let cWarnings: [CSetting] = warningsAreErrors ? [.treatAllWarnings(as: .error)] : []

let package = Package(
    name: "swift-nearest",
    platforms: [.macOS(.v15), .iOS(.v18)],
    products: [
        .library(name: "Nearest", targets: ["Nearest"]),
        .library(name: "VectorIndex", targets: ["VectorIndex"]),
        .library(name: "DistanceKernels", targets: ["DistanceKernels"]),
        .executable(name: "nearest", targets: ["NearestCLI"]),
    ],
    traits: [
        .trait(
            name: "OpenBLAS",
            description: "Batched distances by OpenBLAS sgemm; without it a plain blocked kernel is used."),
        .default(enabledTraits: ["OpenBLAS"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .systemLibrary(
            name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
        .target(
            name: "CKernels",
            dependencies: [.target(name: "COpenBLAS", condition: .when(traits: ["OpenBLAS"]))],
            path: "CKernels",
            exclude: ["README.md"],
            cSettings: [.define("CK_OPENBLAS", .when(traits: ["OpenBLAS"]))] + cWarnings,
            linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
        .target(name: "DistanceKernels", dependencies: ["CKernels"], swiftSettings: swiftSettings),
        .target(name: "VectorStorage", dependencies: ["DistanceKernels"], swiftSettings: swiftSettings),
        .target(name: "HNSW", dependencies: ["VectorStorage", "DistanceKernels"], swiftSettings: swiftSettings),
        .target(
            name: "VectorIndex", dependencies: ["HNSW", "VectorStorage", "DistanceKernels"],
            swiftSettings: swiftSettings),
        .target(name: "Nearest", dependencies: ["VectorIndex"], swiftSettings: swiftSettings),
        .target(name: "VectorFiles", swiftSettings: swiftSettings),
        .target(
            name: "CommandSupport",
            dependencies: [
                "Nearest", "VectorFiles", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "NearestCLI",
            dependencies: [
                "CommandSupport", "Nearest", "VectorFiles",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            resources: [.copy("Resources/static-embedding")],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "kernel-bench", dependencies: ["CKernels"], path: "Benchmarks/kernel-bench", cSettings: cWarnings),
        .executableTarget(
            name: "index-bench",
            dependencies: [
                "CommandSupport", "Nearest", "TestSupport", "VectorFiles",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/index-bench", swiftSettings: swiftSettings),

        .target(
            name: "TestSupport", dependencies: ["CAllocationCounter", "DistanceKernels", "VectorIndex"],
            path: "Tests/TestSupport",
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "snapshot-fuzz", dependencies: ["TestSupport", "VectorIndex"], path: "Tests/snapshot-fuzz",
            swiftSettings: swiftSettings),
        .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter", cSettings: cWarnings),
        .target(name: "CVNNITwins", dependencies: ["CKernels"], path: "Tests/CVNNITwins", cSettings: cWarnings),
        .executableTarget(
            name: "snapshot-child", dependencies: ["TestSupport", "VectorIndex"], path: "Tests/snapshot-child",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "DistanceKernelsTests", dependencies: ["DistanceKernels", "CKernels", "CVNNITwins", "TestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "VectorStorageTests", dependencies: ["VectorStorage", "TestSupport"], swiftSettings: swiftSettings),
        .testTarget(
            name: "HNSWTests", dependencies: ["HNSW", "VectorStorage", "DistanceKernels", "TestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "VectorIndexTests",
            dependencies: [
                "VectorIndex", "DistanceKernels", "CKernels", "TestSupport", "CommandSupport", "snapshot-child",
            ],
            resources: [.copy("Fixtures")], swiftSettings: swiftSettings),
        .testTarget(name: "NearestTests", dependencies: ["Nearest", "TestSupport"], swiftSettings: swiftSettings),
        .testTarget(
            name: "VectorFilesTests", dependencies: ["VectorFiles", "TestSupport"], resources: [.copy("Fixtures")],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "NearestCLITests",
            dependencies: ["NearestCLI", "CommandSupport", "Nearest", "TestSupport", "VectorFiles"],
            swiftSettings: swiftSettings),
    ],
    swiftLanguageModes: [.v6]
)
