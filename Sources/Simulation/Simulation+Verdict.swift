import AirbyteProtocol
import Scheduling
import Text

/// What the run should have come to, by the world's own knowledge.
extension Simulation {
    /// Whether the connector's output holds a result, as the protocol has it: the first proper one, else the last that
    /// stands behind text.
    var resultInOutput: Scenario.Result? {
        guard let output = workspace.output else { return nil }
        let lines = output.split(separator: UInt8(ascii: "\n"))
        for line in lines {
            if let result = scenario.results.first(where: { $0.line.elementsEqual(line) }) { return result }
        }
        for line in lines.reversed() {
            if let result = scenario.salvaged.first(where: { $0.line.elementsEqual(line) }) { return result }
        }
        return nil
    }

    var traceIsInOutput: Bool {
        guard let output = workspace.output else { return false }
        // A trace that is cut off behind its message still counts.
        return holds(output, Array("the trace of \(scenario.seed)".utf8))
    }

    /// The exit code as a number; nil where there is none, or no number.
    var numericExitCode: Int? {
        exitCode.flatMap { Int($0.text.trimmedNewline) }
    }

    /// True where nothing but the sidecar's own work can decide any more: the connector ended long before the report, and
    /// all of its output can be read.
    private var isSettled: Bool {
        guard let exitCode, scenario.workspace.readErrorFrom == nil else { return false }
        return exitCode.time < timeline.now && signalled == nil
    }

    /// Called when a report is about to leave.
    func check(before report: CallKind) {
        checkWait(before: report)
        guard isSettled, timeline.freezes.isEmpty else { return }
        guard let result = resultInOutput else {
            let holdsResult = (scenario.results + scenario.salvaged).contains(where: isDelivered)
            if holdsResult {
                observer.violated(.reportMatchesVerdict, "a result is delivered that the output lacks")
            }
            if report == .success, numericExitCode == nil || numericExitCode == 0 && !traceIsInOutput {
                observer.violated(.reportMatchesVerdict, "a success without result, exit code or trace")
            }
            return
        }
        if report == .success, !isDelivered(result) {
            observer.violated(
                .losesNothingSilently,
                "the result was complete, and another output is delivered"
            )
        }
        if report == .failure, observer.troubles == 0, scenario.folder != .fails {
            observer.violated(
                .reportMatchesVerdict,
                "a failure is reported although the result was delivered"
            )
        }
    }

    /// The wait ends with an exit code, a lost connector, a timeout or a signal.
    private func checkWait(before report: CallKind) {
        guard exitCode == nil, workspace.hasWriter, signalled == nil, let opened else { return }
        // A connector that starts too late is not waited for, nor one whose output cannot be read and was then replaced.
        guard opened < Timeline.start + scenario.limits.start, scenario.workspace.readErrorFrom == nil else {
            return
        }
        if timeline.now < opened + scenario.limits.file {
            observer.violated(.waitsForTheEnd, "\(report.rawValue) is sent while the connector runs")
        }
    }

    /// Whether the output that was sent last gives the result, or names the catalog that does.
    private func isDelivered(_ result: Scenario.Result) -> Bool {
        let output = observer.lastOutput ?? []
        // A failure can quote the result's line.
        guard !holds(output, Array("failureReason".utf8)) else { return false }
        guard scenario.operation == .discover else { return holds(output, result.mark) }
        return holds(output, Array("discoverCatalogId".utf8))
            && holds(observer.lastCatalog ?? [], result.mark)
    }

    /// A complete result that was not delivered is at least talked about.
    func checkLoss(_ status: Int32) {
        guard status != 0, isSettled, resultInOutput != nil else { return }
        let text = String(decoding: console.text, as: UTF8.self)
        if !text.contains("ERROR") && !text.contains("WARN") {
            observer.violated(.losesNothingSilently, "the result is lost, and the log says nothing")
        }
    }

    /// Sorts the run into the census.
    func count(_ status: Int32?) {
        let text = String(decoding: console.text, as: UTF8.self)
        let ending = ending(status, text)
        if let ending { census.count(ending: ending) }
        if let ending, let row = row(status, ending, text) { census.count(row: row) }
    }

    private func ending(_ status: Int32?, _ text: String) -> EndingKind? {
        if wasKilled { return .processKilled }
        switch status {
        case nil: return nil
        case 78: return .startRefused
        default: break
        }
        if signalled != nil { return .terminated }
        if text.contains("in a terminal state") { return .gone }
        if text.contains(": giving up.") { return .noContact }
        if text.contains("the file timeout has passed") { return .fileTimeout }
        if text.contains("the start timeout has passed") { return .startTimeout }
        if text.contains("No process has the connector's output open") { return .connectorLost }
        if text.contains("The connector ended, but exitCode.txt") { return .exitCodeUnusable }
        return numericExitCode == 0 ? .exited : .exitedWithFailure
    }

    private func row(_ status: Int32?, _ ending: EndingKind, _ text: String) -> OutcomeRow? {
        switch ending {
        case .processKilled: return nil
        case .startRefused: return .settingsRefused
        case .terminated: return .terminated
        case .gone, .noContact: return .goneOrNoContact
        default: break
        }
        if text.contains("The success could not be reported") { return .successRefused }
        if text.contains("The job output could not be saved") { return .outputNotDelivered }
        if text.contains("could not be written to the platform") || text.contains("could not be saved") {
            return .internalFailure
        }
        let hasResult = text.contains("The connector gave its")
        switch ending {
        case .fileTimeout, .startTimeout: return hasResult ? .fileTimeoutWithResult : .timeout
        case .connectorLost: return hasResult ? .connectorLostWithResult : .connectorLost
        case .exitCodeUnusable: return hasResult ? .unusableExitCodeWithResult : .unusableExitCode
        case .exited:
            if hasResult { return .result }
            return status == 0 ? .failureFromTrace : .noResult
        default: return hasResult ? .result : .failureWithExitCode
        }
    }
}

extension String {
    fileprivate var trimmedNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}

/// Whether the bytes hold the others.
private func holds(_ bytes: [UInt8], _ others: [UInt8]) -> Bool {
    ByteSearch.first(others, in: bytes, from: 0) != nil
}
