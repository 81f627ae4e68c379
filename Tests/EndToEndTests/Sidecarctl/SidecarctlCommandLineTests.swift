import Foundation
import Testing

/// `sidecarctl` itself: its help, its completions, its manual page.
@Suite struct SidecarctlCommandLineTests {
    private static let subcommands = ["run", "inspect", "catalog", "trace", "tail", "doctor"]

    @Test func helpNamesEverySubcommand() async throws {
        try await Sidecarctl.with { tool in
            let help = try await tool.run(["--help"])
            #expect(help.status == 0)
            let document = try String(contentsOfFile: Project.path("docs/SIDECARCTL.md"), encoding: .utf8)
            for name in Self.subcommands {
                #expect(help.output.contains("  \(name) "))
                #expect(document.contains("| `sidecarctl \(name) "))
                #expect(document.contains("\n## \(name)\n"))
                let own = try await tool.run([name, "--help"])
                #expect(own.status == 0)
                #expect(own.output.contains("--json"))
            }
        }
    }

    @Test func refusesWhatItDoesNotKnow() async throws {
        try await Sidecarctl.with { tool in
            for arguments in [["dance"], ["inspect", "a", "--dance"], ["tail", "a", "b"]] {
                let result = try await tool.run(arguments)
                #expect(result.status == 64)
                #expect(result.output.isEmpty)
                #expect(result.errors.hasPrefix("Error: "))
            }
        }
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func hasCompletions(_ shell: String) async throws {
        try await Sidecarctl.with { tool in
            let result = try await tool.run(["--generate-completion-script", shell])
            #expect(result.status == 0)
            for name in Self.subcommands { #expect(result.output.contains(name)) }
        }
    }

    @Test func hasAManualPage() async throws {
        try await Sidecarctl.with { tool in
            let script = try ChildProcess(
                Project.path("scripts/manual-page"),
                [Sidecarctl.path],
                environment: ["PATH": "/usr/bin:/bin"],
                log: tool.folder.appendingPathComponent("page"),
                errors: tool.folder.appendingPathComponent("errors")
            )
            #expect(await script.exitCode == 0)
            #expect(script.output.hasPrefix(".TH SIDECARCTL 1 "))
            for name in Self.subcommands { #expect(script.output.contains("\n.SS \(name)\n")) }
            #expect(!script.output.contains("\n.SS sidecar\n"))
            #expect(script.output.contains("\n.B sidecarctl run\n<operation> [\\-\\-config <config>] "))
            #expect(script.output.contains(" \\-\\- <command> ...\n"))
            #expect(script.output.contains("\n.B \\-\\-max\\-body <max\\-body>\n"))
        }
    }
}
