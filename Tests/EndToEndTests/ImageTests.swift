import Foundation
import Testing

/// The container image, started as the workload launcher starts it.
@Suite struct ImageTests {
    private static let program = "/app/airbyte-app/bin/airbyte-connector-sidecar"
    /// The command of the launcher's pod.
    private static let launcher = ["sh", "-c", "trap \"touch TERMINATED\" EXIT\n\(program)"]
    /// Every way in which it can become the main process of a container: the launcher's, the same behind a runtime's
    /// init, and the image's own entry point.
    private static let commands = [launcher, ["tini", "--"] + launcher, [program]]

    @Test func checkSucceeds() async throws {
        let image = try await ContainerImage.shared
        try await Pod.with("check") { pod in
            let container = try pod.startContainer(image, Self.launcher)
            let connector = try pod.startConnector(.sampleSource)
            let outcome = try await pod.outcome(of: container.process)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.requests("success").count == 1)
            #expect(outcome.isMarked)
            #expect(await connector.exitCode == 0)
            #expect(try owner(of: "TERMINATED", in: pod) == Container.userID)
        }
    }

    /// Local storage counts where its root exists: in a folder of the image, outputs would be lost with the container.
    @Test func localStorageTakesAMount() async throws {
        let root = try await ContainerImage.shared.root
        #expect(FileManager.default.fileExists(atPath: root.appendingPathComponent("config").path))
        #expect(!FileManager.default.fileExists(atPath: root.appendingPathComponent("storage").path))
    }

    @Test(arguments: Self.commands)
    func terminationReachesTheSidecar(_ command: [String]) async throws {
        let image = try await ContainerImage.shared
        try await Pod.with("check") { pod in
            let container = try pod.startContainer(image, command)
            try pod.startConnector(.script("line still here\nsleep 60"))
            #expect(try await container.process.waitForOutput("still here"))
            try container.send(SIGTERM)
            let outcome = try await pod.outcome(of: container.process)
            #expect(outcome.exitCode == 143, "\(outcome)")
            let failure = try #require(outcome.requests("failure").first)["body"]
            #expect(failure["source"] == "airbyte_platform")
            #expect(try #require(failure["reason"].text).contains("SIGTERM"))
            #expect(outcome.isMarked)
        }
    }

    /// The container stays until the sidecar has done its work.
    @Test(arguments: Self.commands)
    func terminationWaitsForTheSidecar(_ command: [String]) async throws {
        let image = try await ContainerImage.shared
        try await Pod.with("check") { pod in
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(#"{"call": "output", "fault": "hold"}"#)
            // Where the signal goes nowhere, the test fails, instead of waiting for the default limits.
            pod.environment["AIRBYTE_API_READ_TIMEOUT_SECONDS"] = "60"
            pod.environment["AIRBYTE_API_MAX_RETRIES"] = "0"
            let container = try pod.startContainer(image, command)
            try pod.startConnector(.sampleSource)
            try await pod.controlPlane.waitForArrival(of: "output")
            try container.send(SIGTERM)
            #expect(try await container.process.waitForOutput("finishing the delivery"))
            try await pod.controlPlane.removeFaults()
            let outcome = try await pod.outcome(of: container.process)
            #expect(outcome.exitCode == 143, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.requests("success").count == 1)
            #expect(outcome.isMarked)
        }
    }

    /// A sidecar that cannot write its marker (killed by the kernel, say) still has the launcher's trap behind it.
    @Test func launchersTrapRuns() async throws {
        let image = try await ContainerImage.shared
        try await Pod.with("check") { pod in
            let container = try pod.startContainer(
                image,
                ["sh", "-c", "trap \"touch TERMINATED\" EXIT\nsh -c 'kill -KILL $$'"]
            )
            let outcome = try await pod.outcome(of: container.process)
            #expect(outcome.exitCode == 137, "\(outcome)")
            #expect(outcome.isMarked)
        }
    }

    @Test func configurationIsTheImages() async throws {
        let configuration = try await ContainerImage.shared.configuration()
        #expect(configuration["config"]["User"] == "1000:1000")
        #expect(configuration["config"]["WorkingDir"] == "/config")
        #expect(configuration["config"]["Entrypoint"].elements == [.string(Self.program)])
        #expect(configuration["rootfs"]["diff_ids"].elements.count == 2)
    }

    /// For vulnerability scanners: what is in the image, and what is linked into the program.
    @Test func packagesAreListed() async throws {
        let root = try await ContainerImage.shared.root
        func text(_ path: String) throws -> String {
            try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
        }
        let listed = try text("var/lib/dpkg/status").split(separator: "\n").filter {
            $0.hasPrefix("Source: ")
        }
        for source in [
            "c-ares", "curl", "expat", "gcc-12", "glibc", "liburing", "openssl", "simdjson", "utf8proc",
            "xxhash",
            "base-files", "busybox", "ca-certificates", "tini",
        ] {
            // A version in brackets follows.
            #expect(listed.contains { $0.hasPrefix("Source: \(source) (") && $0.count > source.count + 11 })
        }
        #expect(try text("etc/os-release").contains("ID=debian"))
        #expect(try !text("etc/debian_version").isEmpty)
    }

    @Test func certificatesAreFoundByTheirHash() async throws {
        let folder = try await ContainerImage.shared.root.appendingPathComponent("etc/ssl/certs")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let hashes = names.filter { $0.hasSuffix(".0") }
        #expect(hashes.count > 100)
        for name in hashes + ["ca-certificates.crt"] {
            let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            #expect(text.contains("BEGIN CERTIFICATE"), "\(name)")
        }
    }

    @Test func imageIsSmall() async throws {
        let sizes = try await ContainerImage.shared.manifest()["layers"].elements.map {
            $0["size"].number ?? 0
        }
        #expect(sizes.count == 2 && sizes.reduce(0, +) <= 9_000_000, "\(sizes)")
    }

    @Test func startTimeIsMeasured() async throws {
        let root = try await ContainerImage.shared.root
        try await ScratchFolder.with { scratch in
            let table = try await scratch.output([
                Project.path("scripts/start-time"), "--runs", "1", "--root", root.path,
            ])
            let rows = table.split(separator: "\n")
            #expect(rows.count == 3 && rows.allSatisfy { $0.contains(" ms (") }, "\(table)")
        }
    }

    private func owner(of name: String, in pod: Pod) throws -> Int? {
        let attributes = try FileManager.default.attributesOfItem(
            atPath: pod.workspace.appendingPathComponent(name).path
        )
        return (attributes[.ownerAccountID] as? NSNumber)?.intValue
    }
}
