import Foundation
import Testing

/// The bill of materials of the image and of its debug variant.
@Suite struct BillOfMaterialsTests {
    private static let folder = URL(fileURLWithPath: Project.release).deletingLastPathComponent()

    /// Each image's tag, and the programs in it.
    private static let images = [
        "dev": ["airbyte-connector-sidecar"], "dev-debug": ["airbyte-connector-sidecar", "sidecarctl"],
    ]

    private static func lists(_ tag: String) -> [String] {
        images[tag, default: []].map { folder.appendingPathComponent("\($0).packages").path }
    }

    @Test(arguments: images.keys.sorted())
    func namesAllThatIsInTheImage(_ tag: String) async throws {
        let image = try await ContainerImage.shared
        try await ScratchFolder.with { scratch in
            let checker = try await scratch.checker()
            let script = Project.path("Tests/EndToEndTests/Fixtures/deploy/check_bill.py")
            let result = try await scratch.run(
                [
                    checker, script, image.bill(tag).path, image.root.path + "/var/lib/dpkg/status",
                    image.packages.path,
                ] + Self.lists(tag)
            )
            #expect(result.exitCode == 0, "\(result.output)")
        }
    }

    /// What the program itself says about some of its libraries, in texts that these have.
    @Test func versionsAreThoseOfTheProgram() async throws {
        let image = try await ContainerImage.shared
        let program = try Data(contentsOf: URL(fileURLWithPath: Project.release))
        let bill = try JSON(parsing: String(contentsOf: image.bill("dev"), encoding: .utf8))
        func version(_ name: String) throws -> String {
            let found = bill["components"].elements.first { $0["name"].text == name }
            let version = try #require(found?["version"].text, "\(name)")
            return String(version.prefix { $0 != "-" && $0 != "+" })
        }
        for text in ["OpenSSL \(try version("libssl-dev")) ", "expat_\(try version("libexpat1-dev"))"] {
            #expect(program.range(of: Data(text.utf8)) != nil, "\(text)")
        }
    }

    @Test func itIsInTheImage() async throws {
        let image = try await ContainerImage.shared
        let inside = image.root.appendingPathComponent(
            "usr/share/doc/airbyte-connector-sidecar/sbom.cdx.json"
        )
        #expect(try Data(contentsOf: inside) == Data(contentsOf: image.bill("dev")))
    }

    @Test func sameImageGivesTheSameBytes() async throws {
        let image = try await ContainerImage.shared
        try await ScratchFolder.with { scratch in
            let bill = try JSON(parsing: String(contentsOf: image.bill("dev"), encoding: .utf8))
            let time = try #require(bill["metadata"]["timestamp"].text)
            let whole = bill["metadata"]["component"]
            let seconds = try await scratch.output(["/usr/bin/date", "--date", time, "+%s"])
            let again = try await scratch.output(
                [
                    Project.path("image/sbom"), "--name", try #require(whole["name"].text),
                    "--version", try #require(whole["version"].text),
                    "--created", seconds.trimmingCharacters(in: .whitespacesAndNewlines),
                    "--packages", image.packages.path,
                ] + Self.lists("dev")
            )
            #expect(try Data(again.utf8) == Data(contentsOf: image.bill("dev")))
        }
    }
}
