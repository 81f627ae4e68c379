import AirbyteProtocol
import ArgumentParser
import Glibc
import Sidecar
import Workload

/// `sidecarctl run`.
struct Run: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs a connector with the sidecar on this machine, without a platform.",
        usage: "sidecarctl run <operation> [<options>] -- <connector> ...",
        discussion: """
            Starts the sidecar, a control plane for it on 127.0.0.1, and the connector, whose command follows --. The \
            connector runs in the current folder and gets the operation and --config, as in a pod. Shows what happens while \
            it runs, then the verdict, the calls in order, and the job output. Secrets of the configuration are hidden. The \
            workspace is removed, unless --keep is given. Ends with 1 if the job fails.
            """
    )

    @Argument(help: "spec, check or discover.", completion: .list(["spec", "check", "discover"]))
    var operation: AirbyteProtocol.Operation

    @Argument(parsing: .postTerminator, help: "The connector's command, behind --.")
    var command: [String] = []

    @Option(
        help: "The connector's configuration: a file, JSON text, or - for standard input.",
        completion: .file(extensions: ["json"])
    )
    var config: String?

    @Option(help: "source or destination. (default: by the command's name, else source)")
    var connector: ConnectorKind?

    @Option(help: "The image name that the sidecar is given. (default: the command's name)")
    var image: String?

    @Option(name: .customLong("set"), help: "Sets a variable of the sidecar: NAME=VALUE. May be repeated.")
    var settings: [String] = []

    @Option(help: "Runs this sidecar, in place of the one that is built in.", completion: .file())
    var sidecar: String?

    @Flag(help: "Keeps the workspace, with the configuration in it, and prints its path.")
    var keep = false

    @Flag(help: "Prints lines on a terminal too, in place of the live view.")
    var plain = false

    @OptionGroup var options: OutputOptions

    func perform(_ screen: Screen) throws(Failure) -> Int32 {
        let environment = processEnvironment()
        let connector = try ConnectorCommand(command, path: environment["PATH"])
        let job = LocalJob(
            operation: operation,
            configuration: try configuration(),
            connector: connector,
            kind: self.connector ?? connector.kind,
            image: image ?? "\(connector.name):dev"
        )
        let sidecar = SidecarCommand(
            program: try sidecar.map { (program) throws(Failure) in
                try ConnectorCommand.program(program, path: environment["PATH"], role: "the sidecar")
            },
            settings: try sidecarSettings()
        )
        return try RunCommand(job: job, sidecar: sidecar, environment: environment, keepsWorkspace: keep)
            .perform(view(screen, environment))
    }

    private func view(_ screen: Screen, _ environment: [String: String]) -> any RunView {
        if options.json { return RunJSON(screen: screen) }
        if !plain, screen.isTerminal, environment["TERM"] != "dumb" { return RunLiveView(screen: screen) }
        return RunPlainView(screen: screen)
    }

    private func configuration() throws(Failure) -> JSONValue? {
        guard let config else {
            guard operation == .spec else {
                throw Failure(
                    Exit.usage,
                    "\(operation.rawValue) needs the connector's configuration: add --config FILE, or --config '{}'."
                )
            }
            return nil
        }
        guard operation != .spec else {
            throw Failure(Exit.usage, "spec takes no configuration: leave out --config.")
        }
        return try ConnectorConfiguration.read(config)
    }

    private func sidecarSettings() throws(Failure) -> [String: String] {
        var variables: [String: String] = [:]
        for setting in settings {
            guard let equals = setting.firstIndex(of: "="), equals > setting.startIndex else {
                throw Failure(Exit.usage, "--set \(setting): give NAME=VALUE.")
            }
            variables[String(setting[..<equals])] = String(setting[setting.index(after: equals)...])
        }
        return variables
    }
}

/// Runs the sidecar itself, as its own program does: for `run`, which starts this program once more.
struct BuiltInSidecar: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sidecar",
        abstract: "Runs the sidecar itself.",
        shouldDisplay: false
    )

    func run() { Glibc.exit(Sidecar.run(environment: processEnvironment())) }
}
