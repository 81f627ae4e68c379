import ArgumentParser

/// `sidecarctl`.
@main
struct SidecarCtl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sidecarctl",
        abstract: "Shows what a connector sidecar sees, decides and does.",
        discussion: """
            The exit code is 0 if nothing is wrong, 1 if something is (a job that fails, catalogs that differ), 64 \
            for a wrong command line, 65 for a file that does not hold what it should, 66 for one that cannot be read. \
            Colours are used on a terminal only, and not where NO_COLOR is set.
            """,
        subcommands: [
            Run.self, Inspect.self, Catalog.self, Trace.self, Tail.self, Doctor.self, BuiltInSidecar.self,
        ]
    )
}
