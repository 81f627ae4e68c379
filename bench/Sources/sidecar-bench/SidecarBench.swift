import ArgumentParser

/// The root command; each sub-command is in the file of its name.
@main
struct SidecarBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sidecar-bench",
        abstract: "Measures the connector sidecar against the floor of what the kernel allows.",
        subcommands: [
            Latency.self, Memory.self, Density.self, Compare.self, Logs.self, TelemetryCosts.self,
            Generate.self,
            Parse.self, ParseOnce.self, Machine.self,
        ]
    )
}
