import Foundation
import Testing

/// The Debian package that `scripts/debian-package` makes of what `scripts/release` has built.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct DebianPackageTests {
    private static let programs = ["airbyte-connector-sidecar", "sidecarctl"]

    /// Made once for all tests.
    private static let package = Task { () -> (folder: ScratchFolder, file: String) in
        let folder = URL(fileURLWithPath: Project.beside("debian-test"))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let scratch = ScratchFolder(url: folder)
        return (scratch, try await build(in: scratch, "built"))
    }

    private static func build(in scratch: ScratchFolder, _ name: String) async throws -> String {
        let lines = try await scratch.output([
            Project.path("scripts/debian-package"), "--binary", Project.release, "--output",
            scratch.path(name),
            "--version", "1.2",
        ])
        return try #require(lines.split(separator: "\n").last.map(String.init))
    }

    @Test func debiansCheckerFindsNoFault() async throws {
        let (scratch, file) = try await Self.package.value
        let result = try await scratch.run([
            "/usr/bin/lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0",
            file,
        ])
        #expect(result.exitCode == 0, "\(result.output)")
        // An override that fits nothing is one that hides nothing.
        #expect(!result.output.contains("unused-override"), "\(result.output)")
    }

    @Test func samePartsGiveTheSamePackage() async throws {
        let (scratch, file) = try await Self.package.value
        let again = try await Self.build(in: scratch, "again")
        let same = FileManager.default.contentsEqual(atPath: file, andPath: again)
        #expect(file != again && same)
    }

    /// Into a root of its own, with a dpkg database of its own.
    @Test func installsRunsAndRemoves() async throws {
        let (_, file) = try await Self.package.value
        try await ScratchFolder.with { scratch in
            let root = scratch.path("root")
            for folder in ["updates", "info"] {
                try FileManager.default.createDirectory(
                    atPath: "\(root)/var/lib/dpkg/\(folder)",
                    withIntermediateDirectories: true
                )
            }
            try Data().write(to: URL(fileURLWithPath: "\(root)/var/lib/dpkg/status"))
            // The root has no certificates, which the package depends on.
            let dpkg = [
                "/usr/bin/dpkg", "--root=\(root)", "--force-depends", "--path-include=/usr/*",
                "--force-script-chrootless",
                "--log=/dev/null",
            ]
            try await scratch.output(dpkg + ["--install", file])
            let verified = try await scratch.output(dpkg + ["--verify", "airbyte-connector-sidecar"])
            #expect(verified.isEmpty, "\(verified)")

            let tool = try await scratch.run(["\(root)/usr/bin/sidecarctl", "--help"])
            #expect(tool.exitCode == 0 && tool.output.contains("inspect"), "\(tool.output)")
            try await Pod.with("check") { pod in
                let sidecar = try pod.startSidecar(command: ["\(root)/usr/bin/airbyte-connector-sidecar"])
                try pod.startConnector(.sampleSource)
                let outcome = try await pod.outcome(of: sidecar)
                #expect(outcome.exitCode == 0 && outcome.requests("success").count == 1, "\(outcome)")
            }

            for program in Self.programs {
                let page = "\(root)/usr/share/man/man1/\(program).1.gz"
                let man = "/usr/bin/man --local-file --warnings --encoding=utf8 '\(page)'"
                #expect(try await scratch.output(["/bin/sh", "-c", "\(man) 2>/dev/null"]).contains("NAME"))
                // Standard error alone: the page itself tells of warnings.
                let warnings = try await scratch.output(["/bin/sh", "-c", "\(man) 2>&1 >/dev/null"])
                #expect(warnings.isEmpty, "\(warnings)")
            }
            let completions = "\(root)/usr/share/bash-completion/completions/sidecarctl"
            try await scratch.output(["/bin/bash", "-c", "source \(completions) && complete -p sidecarctl"])

            try await scratch.output(dpkg + ["--purge", "airbyte-connector-sidecar"])
            let left = FileManager.default.fileExists(
                atPath: "\(root)/usr/share/doc/airbyte-connector-sidecar"
            )
            #expect(!left && !FileManager.default.fileExists(atPath: "\(root)/usr/bin/sidecarctl"))
        }
    }

    /// What is linked in is named with its version, and its licence is there.
    @Test func namesWhatIsLinkedIn() async throws {
        let (scratch, file) = try await Self.package.value
        let usedField = try await scratch.output(["/usr/bin/dpkg-deb", "--field", file, "Built-Using"])
        let used = usedField.split(separator: ",").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
        let contents = try await scratch.output(["/usr/bin/dpkg-deb", "--contents", file])
        for program in Self.programs {
            let list = URL(fileURLWithPath: Project.release).deletingLastPathComponent()
                .appendingPathComponent("\(program).packages")
            let lines = try String(contentsOf: list, encoding: .utf8).split(separator: "\n")
            #expect(lines.count > 10)
            for line in lines {
                let parts = line.split(separator: "\t").map(String.init)
                let name = try #require(parts[1].split(separator: "/").last?.split(separator: ":").first)
                #expect(contents.contains("/airbyte-connector-sidecar/linked/\(name)\n"), "\(name)")
                if parts[0] == "debian" {
                    let source = try await scratch.output([
                        "/usr/bin/dpkg-query", "--show", "--showformat",
                        "${source:Package} (= ${source:Version})", parts[1],
                    ])
                    #expect(used.contains(source), "\(source)")
                }
            }
        }
    }
}
