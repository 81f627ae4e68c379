import ArgumentParser
import Sidecar

/// One of the commands. What they have in common: where they write, and how they fail.
protocol Subcommand: ParsableCommand {
    /// Does the work and returns the exit code, see `Exit`.
    func perform(_ screen: Screen) throws(Failure) -> Int32
}

extension Subcommand {
    mutating func run() throws {
        let screen = Screen(environment: processEnvironment())
        let status: Int32
        do throws(Failure) {
            status = try perform(screen)
            try screen.flush()
        } catch {
            // What has been found out so far is shown before the error.
            try? screen.flush()
            Screen.complain(error.message)
            throw ExitCode(error.status)
        }
        if status != Exit.success { throw ExitCode(status) }
    }
}

/// The options of every command that prints what it finds.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Prints JSON, for programs.")
    var json = false
}
