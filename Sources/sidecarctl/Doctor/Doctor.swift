import ArgumentParser
import Glibc
import Reactor
import Scheduling
import Sidecar

/// `sidecarctl doctor`.
struct Doctor: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks all that the sidecar needs, where it runs.",
        discussion: """
            Run it in the sidecar's container, or with the same environment variables. It shows a line for each thing that \
            it checks: what is wrong, and what to do. It uses the sidecar's own code, so that it meets what the sidecar \
            would meet. It calls no workload, makes no bucket, and deletes the files and objects that it makes. The exit \
            code is 1 if there is a problem. Warnings do not count, since a job goes on.
            """
    )

    @Option(help: "Runs only these checks, separated by commas.")
    var only: [CheckNames] = []

    @Option(help: "Leaves these checks out, separated by commas.")
    var skip: [CheckNames] = []

    @Option(help: "The longest time for what is asked of a server or of a file system, in seconds.")
    var timeout = 10

    @Flag(help: "Also lists the settings that have their defaults.")
    var defaults = false

    @OptionGroup var options: OutputOptions

    func validate() throws {
        guard (1...3_600).contains(timeout) else {
            throw ValidationError("--timeout must be from 1 to 3600 seconds.")
        }
        guard !chosen.isEmpty else { throw ValidationError("--skip leaves out all checks of --only.") }
    }

    private var chosen: [CheckName] {
        let wanted = only.flatMap(\.names)
        let unwanted = skip.flatMap(\.names)
        return CheckName.allCases.filter { (wanted.isEmpty || wanted.contains($0)) && !unwanted.contains($0) }
    }

    func perform(_ screen: Screen) throws(Failure) -> Int32 {
        ProcessState.prepareForNotifications()
        let settings = ExaminedSettings(environment: processEnvironment())
        let reactor: Reactor
        do throws(SystemError) {
            reactor = try Reactor()
        } catch {
            throw Failure(Exit.noInput, "the event loop cannot be set up: \(error)")
        }
        let examination = Examination(settings, reactor: reactor, limit: .seconds(timeout))
        let text = DoctorText(screen: screen, showsDefaults: defaults)
        var all: [Finding] = []
        for check in chosen {
            let findings = examine(check, examination)
            all += findings
            guard !options.json else { continue }
            try text.show(findings)
            if check == .configuration { try text.show(settings) }
            // One after the other, as they are found.
            try screen.flush()
        }
        if options.json {
            try screen.write(DoctorJSON.text(all, chosen.contains(.configuration) ? settings : nil))
        } else {
            try text.showSum(all)
        }
        return all.count(.problem) == 0 ? Exit.success : Exit.negative
    }

    private func examine(_ check: CheckName, _ examination: Examination) -> [Finding] {
        // A server that hangs up must not end the command; a reader of ours that does may.
        signal(SIGPIPE, SIG_IGN)
        defer { signal(SIGPIPE, SIG_DFL) }
        return examination.findings(of: check).all.map { finding in
            var shown = finding
            shown.text = examination.masked(finding.text)
            shown.advice = finding.advice.map(examination.masked)
            return shown
        }
    }
}

extension Examination {
    func findings(of check: CheckName) -> Findings {
        switch check {
        case .kernel: checkKernel()
        case .ioUring: checkIOUring()
        case .confinement: checkConfinement()
        case .inotify: checkInotify()
        case .configuration: checkConfiguration()
        case .workspace: checkWorkspace()
        case .token: checkToken()
        case .workloadAPI: checkWorkloadAPI()
        case .serverAPI: checkServerAPI()
        case .outputStore: checkOutputStore()
        case .logStore: checkLogStore()
        case .statsD: checkStatsD()
        case .otlp: checkOTLP()
        case .clock: checkClock()
        }
    }
}
