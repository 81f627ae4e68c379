/// A program that is measured: what is executed, and how it differs from the others.
public struct Program: Sendable {
    /// As tables call it.
    public var name: String
    /// The program's path and its arguments.
    public var command: [String]
    /// On top of the job's environment.
    public var settings: [String: String]
    /// How it learns what happens to its files.
    public var watching: Watching

    public enum Watching: Sendable {
        /// Nobody knows.
        case unknown
        /// It has to have inotify in use.
        case inotify
        /// The kernel refuses it inotify and `fcntl(F_NOTIFY)`, so it has to poll.
        case polling
    }

    public init(
        name: String,
        command: [String],
        settings: [String: String] = [:],
        watching: Watching = .unknown
    ) {
        self.name = name
        self.command = command
        self.settings = settings
        self.watching = watching
    }

    /// The sidecar with a given loop.
    public static func sidecar(_ path: String, backend: String) -> Program {
        Program(name: backend, command: [path], settings: ["SIDECAR_IO_BACKEND": backend], watching: .inotify)
    }

    /// The sidecar where the kernel tells it nothing about its files, so that it looks at them again and again.
    public static func poller(_ path: String, everySeconds seconds: Double) -> Program {
        Program(
            name: "poller",
            command: [path],
            settings: ["SIDECAR_RESCAN_SECONDS": "\(seconds)", "SIDECAR_IO_BACKEND": "io_uring"],
            watching: .polling
        )
    }

    /// A command line for the shell, which the program replaces.
    public static func shell(name: String, _ line: String) -> Program {
        Program(name: name, command: ["/bin/sh", "-c", "exec \(line)"])
    }
}
