import AirbyteProtocol
import Scheduling

/// Everything that a seed decides about a run: the job, its settings, what the connector does, and what goes wrong.
package struct Scenario: Sendable {
    /// One thing that the main container does, so long after the one before.
    struct Act: Sendable {
        enum Kind: Sendable {
            case open
            case write([UInt8])
            case truncate(to: Int)
            case replace([UInt8])
            case close
            case exitCode(String)
            case exitCodePart(String, isLast: Bool)
        }

        var delay: Duration
        var kind: Kind
    }

    /// What happens to the process, to the job or to its console from outside, and when.
    struct Blow: Sendable {
        enum Kind: Sendable {
            case freeze(Duration)
            case signal
            case kill
            case cancelWorkload
            case shiftClock(Duration)
            case revokeTokens
            case stopReadingConsole
            case readConsole
        }

        var time: Duration
        var kind: Kind
        /// After so many events of the run, whatever the time is: two steps of the end can be microseconds apart.
        var event: Int?
    }

    /// A line that gives a result, and what only this result holds.
    struct Result: Sendable {
        var line: [UInt8]
        var mark: [UInt8]
    }

    /// What a secret looks like wherever it must not show: beginnings of its written forms.
    struct Secret: Sendable {
        var value: String
        var needles: [[UInt8]]
    }

    package let seed: UInt64
    /// Whether nothing goes wrong.
    package let isClean: Bool
    package internal(set) var operation = Operation.check
    var environment: [String: String] = [:]
    var input = ""
    var acts: [Act] = []
    var results: [Result] = []
    /// Results that stand behind other text on their line.
    var salvaged: [Result] = []
    var weather = Weather()
    var blows: [Blow] = []
    var workspace = WorkspaceFaults()
    var folder: SimulatedFolder.Behaviour?
    var tokenLife: Int?
    var isUnknownWorkload = false
    /// Of the connector's configuration, and our own.
    var secrets: [Secret] = []
    /// Those of its configuration that the connector starts with.
    var connectorSecrets: [Secret] = []
    /// Faults of the connector that the plan itself is made of.
    var planned: Set<Fault> = []
    var limits = Limits()

    /// The settings that bound a run.
    struct Limits: Sendable {
        var start: Duration = .seconds(60)
        var file: Duration = .seconds(60)
        var heartbeat: Duration = .seconds(30)
        var contact: Duration = .seconds(300)
        var grace: Duration = .seconds(10)
        /// From the last word on: each call with all its retries.
        var call: Duration = .seconds(60)
        var maxRetries = 3
    }
}

/// What is wrong with the workspace and with its watch.
struct WorkspaceFaults: Sendable {
    enum Watch: Sendable {
        case works
        /// There is none.
        case refused
        /// It reports that something has changed, but not what, and no closes.
        case coarse
        /// It reports nothing.
        case silent
        /// Events are lost now and then.
        case overflowing
        /// The file system does not report the connector's writes.
        case unreliable
    }

    var watch = Watch.works
    var leavesOutputToMain = false
    var answersLeases = true
    /// How often a read finds no room in the ring, from 0 to 1.
    var busyReads = 0.0
    var shortReads = 0.0
    /// Reads from this offset on fail.
    var readErrorFrom: UInt64?
    var readCapacity = 65_536
    var exhausted: String?
    /// Before the end, so that no file can be created then.
    var runsOutOfInodes = false
}
