import HTTP
import Scheduling
import Storage
import Telemetry
import Workload

/// The world outside of a workload. Everything impure reaches the workload through this value; nothing below
/// `SidecarProcess` opens a file, a clock or a socket by itself.
package struct Dependencies {
    /// The monotonic clock and its timers.
    package var scheduler: any Scheduler
    /// The time of day, for log lines, signatures and keys.
    package var wallClock: WallClock
    /// For the jitter of delays, and for the names of stored documents.
    package var seed: UInt64
    package var workspace: any Workspace
    package var transport: any HTTPTransport
    /// Nil where calls carry no access tokens.
    package var tokens: AccessTokenSource?
    /// The process's own credentials; those that are fetched are added.
    package var credentials: KnownCredentials
    package var console: any LogOutput
    /// Reads files with credentials.
    package var credentialFiles: CredentialFiles
    /// Stores documents in a folder of this machine.
    package var localStorage: (LocalStorage) -> any ObjectStore
    package var host: Host
    /// What the event loop has done so far.
    package var loopUsage: () -> LoopUsage
    /// The largest resident memory of the process so far, in bytes; nil where the kernel does not tell.
    package var peakMemory: () -> Int?
    /// Makes what sends telemetry about a workload; nil where nothing is to be sent.
    package var telemetry: ((TelemetrySubject) -> Telemetry)?

    package init(
        scheduler: any Scheduler,
        wallClock: WallClock,
        seed: UInt64,
        workspace: any Workspace,
        transport: any HTTPTransport,
        tokens: AccessTokenSource? = nil,
        credentials: KnownCredentials,
        console: any LogOutput,
        credentialFiles: CredentialFiles,
        localStorage: @escaping (LocalStorage) -> any ObjectStore,
        host: Host,
        loopUsage: @escaping () -> LoopUsage = { LoopUsage() },
        peakMemory: @escaping () -> Int? = { nil },
        telemetry: ((TelemetrySubject) -> Telemetry)? = nil
    ) {
        self.scheduler = scheduler
        self.wallClock = wallClock
        self.seed = seed
        self.workspace = workspace
        self.transport = transport
        self.tokens = tokens
        self.credentials = credentials
        self.console = console
        self.credentialFiles = credentialFiles
        self.localStorage = localStorage
        self.host = host
        self.loopUsage = loopUsage
        self.peakMemory = peakMemory
        self.telemetry = telemetry
    }

    /// What the event loop has done so far.
    package struct LoopUsage: Hashable, Sendable {
        /// The longest time that the event loop has worked without a wait; nothing is answered meanwhile.
        package var longestTick: Duration
        /// How often the event loop has woken up.
        package var wakeups: Int

        package init(longestTick: Duration = .zero, wakeups: Int = 0) {
            self.longestTick = longestTick
            self.wakeups = wakeups
        }
    }

    /// What telemetry is about.
    package struct TelemetrySubject {
        /// What identifies the workload.
        package var attributes: [Attribute]
        /// Takes a line for the log, about a receiver.
        package var onTrouble: (String) -> Void
    }

    /// A folder of this machine in which documents are stored.
    package struct LocalStorage {
        package var root: String
        /// How long the storing of a document may get no further.
        package var stallLimit: Duration
        /// The open files from which contents are read while they are stored.
        package var contentDescriptors: () -> [Int32]

        package init(root: String, stallLimit: Duration, contentDescriptors: @escaping () -> [Int32] = { [] })
        {
            self.root = root
            self.stallLimit = stallLimit
            self.contentDescriptors = contentDescriptors
        }
    }

    /// What log lines and keys say about the machine.
    package struct Host {
        /// The pod's name.
        package var name: String
        /// How the loop gets its events: `io_uring` or `epoll`.
        package var backend: String
        /// Lines for the log on what the machine does not offer.
        package var notes: [String]
        /// Whether log lines name their workload, since the process has several.
        package var hasSeveralWorkloads: Bool

        package init(name: String, backend: String, notes: [String] = [], hasSeveralWorkloads: Bool = false) {
            self.name = name
            self.backend = backend
            self.notes = notes
            self.hasSeveralWorkloads = hasSeveralWorkloads
        }
    }
}
