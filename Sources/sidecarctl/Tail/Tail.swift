import ArgumentParser
import Glibc
import Reactor
import Sidecar
import Workload

/// `sidecarctl tail`.
struct Tail: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Follows a running workload's output as decoded messages.",
        discussion: """
            Shows the output from its beginning, and goes on until exitCode.txt is there, or until it is interrupted. Ends \
            with 1 if the connector's exit code is not 0. It only reads: the sidecar does not notice.
            """
    )

    @Argument(help: "The workspace.", completion: .directory)
    var path: String

    @OptionGroup var options: OutputOptions

    func perform(_ screen: Screen) throws(Failure) -> Int32 {
        let directory: OpenDirectory
        do throws(SystemError) {
            directory = try OpenDirectory(path: path)
        } catch {
            throw Failure(Exit.noInput, "\(path) cannot be opened: \(error). Name a workspace.")
        }
        // Without a usable input, the secrets of the configuration are not known; those that names tell of are hidden.
        let input =
            (try? directory.sidecarInput()) ?? SidecarInput(operation: .check, connectorKind: .source)
        let view: any MessageView = options.json ? TailJSON(screen: screen) : TailText(screen: screen)
        let listener = OutputListener(input, view)
        let exit: ConnectorExit?
        do throws(SystemError) {
            exit = try Self.follow(directory, listener)
        } catch {
            throw Failure(Exit.noInput, "\(path) cannot be followed: \(error)")
        }
        try listener.finish(exit)
        return exit == .code(0) ? Exit.success : Exit.negative
    }

    /// Follows to the end. Throws where the loop cannot go on.
    private static func follow(
        _ directory: OpenDirectory,
        _ listener: OutputListener
    ) throws(SystemError) -> ConnectorExit? {
        let reactor = try Reactor()
        let follower = OutputFollower(of: directory, reactor: reactor, listener: listener)
        reactor.beforeWait = {
            listener.flush()
            // There is nobody to go on for.
            if let failure = listener.failure {
                Screen.complain(failure.message)
                Glibc.exit(failure.status)
            }
        }
        var exit: ConnectorExit??
        follower.start { exit = .some($0) }
        while exit == nil { try reactor.tick() }
        return exit ?? nil
    }
}
