import Glibc
import Scheduling

/// Why the wait for the connector ended.
package enum Ending: Hashable, Sendable {
    /// `exitCode.txt` is there.
    case connectorExited(ConnectorExit)
    /// The output has been closed for the whole grace period and no exit code came.
    case connectorLost(grace: Duration)
    /// `exitCode.txt` did not come in time.
    case fileTimeout(limit: Duration)
    /// The connector did not open its output in time.
    case startTimeout(limit: Duration)
    /// The sidecar itself was stopped by a signal.
    case terminated(signal: Int32)

    /// True for the ending that a normal job has.
    var isExpected: Bool {
        if case .connectorExited(.code) = self { return true }
        return false
    }

    /// What is unusual about the ending, although a result counts; continues "although …".
    var shortfall: String? {
        switch self {
        case .connectorExited(.code(0)): nil
        case .connectorExited(.code(let code)): "the exit code is \(code)\(ExitCodeMeaning.note(on: code))"
        case .connectorExited(.unusable(let problem)): "exitCode.txt \(problem)"
        case .connectorLost: "no exit code came: the connector was probably killed"
        case .fileTimeout(let limit): "no exit code came within \(limit.spokenDescription)"
        case .startTimeout(let limit): "the connector did not start within \(limit.spokenDescription)"
        case .terminated(let signal): "the sidecar was stopped (\(signalName(signal)))"
        }
    }

    /// One line for the log.
    package var description: String {
        switch self {
        case .connectorExited(.code(let code)):
            "The connector ended with exit code \(code)\(ExitCodeMeaning.note(on: code))"
        case .connectorExited(.unusable(let problem)): "The connector ended, but exitCode.txt \(problem)"
        case .connectorLost(let grace):
            "No process has the connector's output open for writing, and no exit code came for \(grace.spokenDescription)"
        case .fileTimeout(let limit):
            "No exit code came within \(limit.spokenDescription): the file timeout has passed"
        case .startTimeout(let limit):
            "The connector did not start within \(limit.spokenDescription): the start timeout has passed"
        case .terminated(let signal): "Stopped by \(signalName(signal)): delivering what is complete"
        }
    }
}

/// The signal's name, as kill(1) and strace show it.
package func signalName(_ number: Int32) -> String {
    switch number {
    case SIGTERM: "SIGTERM"
    case SIGINT: "SIGINT"
    case SIGHUP: "SIGHUP"
    case SIGQUIT: "SIGQUIT"
    default: "signal \(number)"
    }
}
