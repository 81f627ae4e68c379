/// A program that is measured: what is executed, and how it differs from the others.
public struct Program: Sendable {
    /// As tables call it.
    public var name: String
    /// The program's path and its arguments.
    public var command: [String]
    /// On top of the job's environment.
    public var settings: [String: String]
    /// Whether it has to have inotify in use; nil where nobody knows.
    public var watches: Bool?

    public init(name: String, command: [String], settings: [String: String] = [:], watches: Bool? = nil) {
        self.name = name
        self.command = command
        self.settings = settings
        self.watches = watches
    }

    /// The sidecar with a given loop.
    public static func sidecar(_ path: String, backend: String) -> Program {
        Program(name: backend, command: [path], settings: ["SIDECAR_IO_BACKEND": backend], watches: true)
    }

    /// The sidecar where inotify has no instances left, so that it looks at its files again and again.
    ///
    /// It gets a user namespace of its own, whose limit of inotify instances is 0, see user_namespaces(7). The program
    /// takes the shell's place, so its process is the one that was started.
    public static func poller(_ path: String, everySeconds seconds: Double) -> Program {
        Program(
            name: "poller",
            command: [
                "/usr/bin/unshare", "--map-root-user", "/bin/sh", "-c",
                "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$0\"", path,
            ],
            settings: ["SIDECAR_RESCAN_SECONDS": "\(seconds)", "SIDECAR_IO_BACKEND": "io_uring"],
            watches: false
        )
    }

    /// A command line for the shell, which the program replaces.
    public static func shell(name: String, _ line: String) -> Program {
        Program(name: name, command: ["/bin/sh", "-c", "exec \(line)"])
    }
}
