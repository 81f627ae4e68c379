import AirbyteProtocol
import HTTP
import Scheduling
import Settings
import Sidecar
import Storage
import Workload

/// One run of a workload in a simulated world: the same seed, the same run.
///
/// Everything above the `Dependencies` is real: the machine, the tail, the parsers, the clients with their retries, the
/// stores, the logs. Everything below is made up.
package final class Simulation {
    /// How a run went.
    package struct Outcome {
        package var seed: UInt64
        /// Whether nothing was to go wrong.
        package var isClean: Bool
        /// Nil where the process was killed, or did not end.
        package var status: Int32?
        package var violations: [Violation]
        /// How many outputs were sent while the connector ran.
        package var earlyOutputs: Int
        package var census: Census
        package var events: Int
        /// Kind and body of each call, in order.
        package var calls: [SentCall]
        package var console: [UInt8]
        package var story: [String]
    }

    /// What a run may vary besides its seed.
    package struct Options: Sendable {
        package var tellsStory = false
        package var sabotage: Sabotage?
        /// Reads in other pieces, and hears of changes in another way.
        package var usesOtherPath = false

        package init(tellsStory: Bool = false, sabotage: Sabotage? = nil, usesOtherPath: Bool = false) {
            self.tellsStory = tellsStory
            self.sabotage = sabotage
            self.usesOtherPath = usesOtherPath
        }
    }

    private static let maxEvents = 400_000
    /// So much of a console line is told, in bytes.
    private static let shownOfALine = 200

    let scenario: Scenario
    private let options: Options
    let timeline = Timeline()
    let census = Census()
    private let story: Story
    let observer: Invariants
    let workspace: SimulatedWorkspace
    private let platform: SimulatedPlatform
    private let network: SimulatedNetwork
    let console = SimulatedConsole()
    private let clock: SimulatedClock
    private var job: WorkloadJob?
    private var events = 0
    private(set) var signalled: Instant?
    private(set) var wasKilled = false
    private var knownTokens = 0
    /// When the exit code appeared, and the output as it was then.
    private(set) var exitCode: (time: Instant, text: String)?
    /// When the connector opened its output.
    private(set) var opened: Instant?

    package init(seed: UInt64, options: Options = Options()) {
        var scenario = Scenario(seed: seed, misleads: options.sabotage == .tellsOtherSecrets)
        if options.usesOtherPath {
            scenario.workspace.readCapacity = 37
            scenario.workspace.watch = .unreliable
        }
        self.scenario = scenario
        self.options = options
        clock = SimulatedClock(timeline)
        story = Story(timeline, isTold: options.tellsStory)
        observer = Invariants(timeline, scenario)
        workspace = SimulatedWorkspace(scenario.workspace, timeline, census, story, seed: seed &+ 1)
        platform = SimulatedPlatform(
            timeline,
            usesTokens: scenario.tokenLife != nil,
            tokenLife: scenario.tokenLife ?? 0,
            isUnknown: scenario.isUnknownWorkload
        )
        network = SimulatedNetwork(
            timeline,
            platform,
            scenario.weather,
            census,
            story,
            observer,
            sabotage: options.sabotage,
            seed: seed &+ 2
        )
        prepareSabotage()
        observer.sink = { [platform] in platform.outputs.last?.document }
        observer.isConnectorRunning = { [weak self] in
            guard let self else { return false }
            return exitCode == nil && workspace.hasWriter
        }
        observer.isMarked = { [workspace] in workspace.marked != nil }
        observer.beforeReport = { [weak self] kind in self?.check(before: kind) }
    }

    private func prepareSabotage() {
        switch options.sabotage {
        case .losesTimers: timeline.timerFault = .loses(beyond: .seconds(4))
        case .stretchesTimers: timeline.timerFault = .stretches(by: 6)
        case .keepsTimers: timeline.timerFault = .keepsCancelled
        case .hidesResult: workspace.hidesBytesFrom = 1
        case .shortensOtherPath where options.usesOtherPath: workspace.hidesBytesFrom = 1
        case .delaysMarker: workspace.markerDelay = .milliseconds(1)
        default: break
        }
    }

    /// Runs it to its end, and looks at what the world holds then.
    package func run() -> Outcome {
        for fault in scenario.planned { census.count(fault) }
        story.tell("run", "seed \(scenario.seed): \(scenario.operation.rawValue)")
        planActs()
        planBlows()
        let status = start() ?? runToEnd()
        finish(status)
        return Outcome(
            seed: scenario.seed,
            isClean: scenario.isClean,
            status: status,
            violations: observer.violations,
            earlyOutputs: observer.earlyOutputs.count,
            census: census,
            events: events,
            calls: observer.calls,
            console: console.text,
            story: story.lines
        )
    }

    // MARK: The process

    /// Starts the workload.
    ///
    /// - Returns: the exit code where it does not start.
    private func start() -> Int32? {
        workspace.writeInput(scenario.input)
        let job: WorkloadJob
        do {
            job = try makeJob()
            self.job = job
        } catch {
            observer.violated(.ends, "the settings are refused: \(error)")
            return nil
        }
        do throws(StartError) {
            try job.start()
        } catch {
            for line in error.lines { story.tell("console", line) }
            try? workspace.writeTerminatedMarker()
            return error.status
        }
        afterTick()
        return nil
    }

    private func makeJob() throws -> WorkloadJob {
        let hasFolder = scenario.folder != nil
        let configuration = try Configuration(
            environment: scenario.environment,
            paths: PathProbe(isFolder: { _ in hasFolder }, readingProblem: { _ in "ENOENT" })
        )
        let timeline = timeline
        let clock = clock
        let wallClock = WallClock { clock.milliseconds }
        let credentials = KnownCredentials(configuration.credentials)
        return WorkloadJob(
            configuration,
            Dependencies(
                scheduler: timeline,
                wallClock: wallClock,
                seed: scenario.seed &+ 3,
                workspace: workspace,
                transport: network,
                tokens: configuration.accessTokenSource(
                    credentials: credentials,
                    transport: network,
                    scheduler: timeline,
                    wallClock: wallClock
                ),
                credentials: credentials,
                console: console,
                credentialFiles: CredentialFiles { (_, _) throws(CredentialFiles.Problem) in throw .missing },
                localStorage: { [self] (_: Dependencies.LocalStorage) in
                    SimulatedFolder(scenario.folder ?? .works, timeline, platform, census, observer)
                },
                host: Dependencies.Host(name: "pod", backend: "simulation")
            )
        )
    }

    private func runToEnd() -> Int32? {
        guard let job else { return nil }
        let limit = Timeline.start + maxRunTime
        while job.status == nil, !wasKilled {
            guard events < Self.maxEvents, let owner = timeline.step(until: limit + timeline.timeFrozen())
            else {
                observer.violated(.ends, "no end \(timeline.elapsed) after the start")
                return nil
            }
            events += 1
            for blow in scenario.blows where blow.event == events { strike(blow.kind) }
            if owner == .sidecar { afterTick() }
        }
        return job.status
    }

    private func afterTick() {
        job?.forwardLog()
        console.flush()
        hideNewTokens()
        observer.tickEnded(
            marked: workspace.marked != nil,
            requests: network.inFlight,
            bytesRead: workspace.bytesRead
        )
        workspace.bytesRead = 0
    }

    private func hideNewTokens() {
        for token in platform.tokens[knownTokens...] { observer.hide(token) }
        knownTokens = platform.tokens.count
    }

    /// The bound for a run: each wait in turn, and every call of the end with all its retries.
    private var maxRunTime: Duration {
        let limits = scenario.limits
        let attempts = limits.maxRetries + 1
        // Each attempt can need two fetches of a token and a second request; `Retry-After` counts up to 5 minutes.
        let call = (limits.call * 2 + .seconds(20 + 300)) * attempts
        let stalls = scenario.blows.contains { if case .stopReadingConsole = $0.kind { true } else { false } }
        return limits.start + limits.file + limits.grace * 3 + .seconds(5 + 600) + call * 7
            + limits.contact + .seconds(16 + 60) + (stalls ? .seconds(60) : .zero)
    }

    /// Looks at the end, and then at what still arrives.
    private func finish(_ status: Int32?) {
        console.close()
        for line in console.text.split(separator: UInt8(ascii: "\n")) {
            story.tell("console", String(decoding: line.prefix(Self.shownOfALine), as: UTF8.self))
        }
        observer.wrote(console.text)
        if let status {
            observer.ended(
                Invariants.RunEnd(status: status, isMarked: workspace.marked != nil, signalled: signalled)
            )
            checkLoss(status)
        }
        count(status)
        story.tell("run", "ends with \(status.map(String.init) ?? (wasKilled ? "SIGKILL" : "nothing"))")
        job = nil
    }
}

/// The time of day in the simulated world.
private final class SimulatedClock: @unchecked Sendable {
    /// 2000-01-01T00:00:00Z, in milliseconds since 1970.
    private static let start: Int64 = 946_684_800_000
    private let timeline: Timeline
    /// By which the time of day has been shifted.
    var offset: Duration = .zero

    init(_ timeline: Timeline) {
        self.timeline = timeline
    }

    var milliseconds: Int64 { Self.start + (timeline.elapsed + offset).nanoseconds / 1_000_000 }
}

// MARK: - The world's plans

extension Simulation {
    private func planActs() {
        var acts = scenario.acts[...]
        if scenario.planned.contains(.outputMadeByMain), let first = acts.popFirst() { perform(first.kind) }
        var time = Duration.zero
        for act in acts {
            time += act.delay
            timeline.plan(after: time) { [weak self] in self?.perform(act.kind) }
        }
    }

    private func perform(_ act: Scenario.Act.Kind) {
        // The main container looks for the marker every ten seconds, and ends.
        if let marked = workspace.marked, timeline.now - marked > .seconds(10) { return }
        switch act {
        case .open:
            story.tell("connector", "opens its output")
            workspace.openOutput()
            opened = opened ?? timeline.now
        case .write(let bytes):
            story.tell("connector", "writes \(bytes.count) bytes: \(Self.excerpt(bytes))")
            workspace.append(bytes[...])
            if options.sabotage == .inventsExitCode { workspace.renameExitCode("0\n") }
        case .truncate(let length):
            story.tell("connector", "truncates its output to \(length) bytes")
            workspace.truncateOutput(to: length)
        case .replace(let bytes):
            story.tell("connector", "replaces its output by \(bytes.count) bytes")
            workspace.replaceOutput(with: bytes)
        case .close:
            story.tell("connector", "closes its output")
            workspace.closeOutput()
        case .exitCode(let text):
            story.tell("connector", "exit code \(text.debugDescription)")
            workspace.renameExitCode(text)
            exitCode = (timeline.now, text)
        case .exitCodePart(let text, let isLast):
            workspace.writeExitCode(text, isLast: isLast)
            exitCode = (timeline.now, (exitCode?.text ?? "") + text)
        }
    }

    private static func excerpt(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.prefix(120), as: UTF8.self).debugDescription
    }

    private func planBlows() {
        for blow in scenario.blows where blow.event == nil {
            timeline.plan(after: blow.time) { [weak self] in self?.strike(blow.kind) }
        }
    }

    private func strike(_ blow: Scenario.Blow.Kind) {
        guard let job, job.status == nil else { return }
        switch blow {
        case .freeze(let duration):
            census.count(duration > .seconds(60) ? .longFreeze : .shortFreeze)
            story.tell("kernel", "freezes the sidecar for \(duration)")
            timeline.freeze(for: duration)
        case .signal:
            census.count(signalled == nil ? .terminated : .terminatedAgain)
            guard options.sabotage != .dropsSignals else {
                signalled = signalled ?? timeline.now
                return
            }
            timeline.plan(after: .zero, .sidecar) { [weak self] in
                guard let self, let job = self.job, job.status == nil else { return }
                story.tell("kernel", "SIGTERM")
                signalled = signalled ?? timeline.now
                job.signalled(15)
            }
        case .kill:
            census.count(.processKilled)
            wasKilled = true
        case .cancelWorkload:
            census.count(.cancelledByUser)
            story.tell("platform", "the workload is cancelled")
            platform.cancelWorkload()
        case .shiftClock(let offset):
            census.count(.clockShifted)
            story.tell("kernel", "shifts the time of day by \(offset)")
            clock.offset = offset
        case .revokeTokens:
            if scenario.tokenLife != nil { census.count(.tokenExpired) }
            platform.revokeTokens()
        case .stopReadingConsole:
            census.count(.consoleUnread)
            console.stopReading()
        case .readConsole: console.readOn()
        }
    }
}
