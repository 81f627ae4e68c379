import AirbyteProtocol
import Logging

/// The steps that deliver a workload's outcome to the platform, and their order.
///
/// A value: `nextStep` is what is due, `record` takes the result of each step, and a step that fails for good changes
/// what follows. It sends nothing itself.
package struct DeliveryPlan: Sendable {
    /// One log line about the outcome, before anything is delivered.
    package struct Summary: Sendable {
        package var level: Logger.Level
        package var text: String
    }

    /// What is reported in the end, with secrets hidden.
    package var report: Report { context.mask.masked(plainReport) }
    /// The code with which the process is to end once the report is accepted.
    package private(set) var exitStatus: Int32
    /// What kind of failure is delivered, or reported; nil where the connector's result is.
    package private(set) var failureType: FailureType?
    package let summary: Summary?
    /// The findings about the discovered catalog; nil if there is no catalog to deliver, or if it is not in memory: then
    /// they come with the step's result.
    package let catalogFindings: CatalogInspection?
    /// The text of the connector's error trace if it decides nothing, since there is a result.
    package let strayError: String?

    private var plainReport: Report
    private var update: ConfigurationUpdate?
    private var configurationWasUpdated = false
    private var catalog: CatalogWrite?
    private var output: JobOutput?
    private let isResult: Bool
    private var context: VerdictContext

    /// The plan for an ending of the wait and what the connector had written until then.
    ///
    /// - Parameters:
    ///   - unread: why the output, or its rest, could not be read; continues "the connector's output …".
    ///   - exhausted: what the workspace's volume has run out of; continues "no …".
    ///   - replacesOutput: a sink may hold an output that an earlier plan has stored, see `canBeDeliveredEarly`.
    ///   - mask: hides the configurations' secrets and the sidecar's own credentials; nil: only the former are hidden.
    package init(
        ending: Ending,
        transcript: Transcript,
        unread: String? = nil,
        exhausted: String? = nil,
        input: SidecarInput,
        mask: SecretMask? = nil,
        replacesOutput: Bool = false
    ) {
        context = VerdictContext(
            input: input,
            transcript: transcript,
            unread: unread,
            exhausted: exhausted,
            mask: mask,
            replacesOutput: replacesOutput
        )
        let verdict = Verdict.of(ending, transcript, context)
        plainReport = verdict.report
        exitStatus = verdict.exitStatus
        output = verdict.output
        catalog = verdict.catalog
        catalogFindings = verdict.catalogFindings
        update = ConfigurationUpdate(transcript: transcript, input: input)
        isResult = verdict.isResult
        failureType = verdict.failureType
        let isPlain = verdict.isResult && !verdict.isUnusual
        summary = Summary(level: isPlain ? .info : .warning, text: verdict.summary)
        let contextMask = context.mask
        strayError = verdict.isResult ? transcript.errorTrace.map { contextMask.masked($0).text } : nil
    }

    /// What is due; nil where only the report is left. Secrets of the connector's configuration are hidden in it, but for
    /// the update that hands them over.
    package var nextStep: DeliveryStep? {
        if let update { return .updateConfiguration(update) }
        if let catalog { return .writeCatalog(catalog) }
        if var output {
            output.connectorConfigurationUpdated = configurationWasUpdated
            return .storeOutput(context.mask.masked(output))
        }
        return nil
    }

    /// Whether the steps may be performed before the connector has ended: it has given a result, which decides the job output
    /// whatever the ending will be, and no new configuration, which another one may still replace.
    package var canBeDeliveredEarly: Bool { isResult && update == nil }

    /// Hides secrets. It can be replaced: the answers to the steps can quote credentials that are new.
    package var mask: SecretMask {
        get { context.mask }
        set { context.mask = newValue }
    }

    /// All steps that follow if each of them succeeds, in order. Nothing is delivered.
    ///
    /// - Parameter catalogID: stands for what the server would call the catalog.
    package func preview(catalogID: String = "") -> [DeliveryStep] {
        var plan = self
        var steps: [DeliveryStep] = []
        while let step = plan.nextStep {
            steps.append(step)
            plan.record(step.success(catalogID: catalogID))
        }
        return steps
    }

    /// Records the result of the step that was due.
    ///
    /// - Returns: one line for people where it has failed.
    @discardableResult
    package mutating func record(_ result: DeliveryResult) -> String? {
        switch (nextStep, result) {
        case (.updateConfiguration, .configurationUpdated):
            update = nil
            configurationWasUpdated = true
        case (.writeCatalog, .catalogWritten(let id, _)):
            catalog = nil
            output?.discoverCatalogId = id
        case (.storeOutput, .outputStored):
            output = nil
        case (.updateConfiguration, .failed(let problem)):
            return configurationFailed(problem)
        case (.writeCatalog, .failed(let problem)):
            return catalogFailed(problem)
        case (.storeOutput, .failed(let problem)):
            return outputLost(problem)
        default:
            assertionFailure("a result that answers no step that is due")
        }
        return nil
    }

    /// The platform did not take the new configuration. The next job would run with the old one, which may have ended:
    /// the job has failed. A failure of the connector is stored as it is.
    private mutating func configurationFailed(_ problem: String) -> String {
        update = nil
        let text = "The connector's new configuration could not be saved"
        if isResult {
            replaceOutput(text, problem)
        } else {
            addToReport("\(text): \(problem)")
        }
        return "\(text): \(problem)"
    }

    /// The server did not take the catalog: the job has failed, and a failure is delivered instead.
    private mutating func catalogFailed(_ problem: String) -> String {
        let text = "The discovered catalog could not be written to the platform"
        replaceOutput(text, problem)
        return "\(text): \(problem)"
    }

    /// No sink took the output.
    private mutating func outputLost(_ problem: String) -> String {
        output = nil
        let text = "The job output could not be saved: \(problem)"
        addToReport(text)
        return text
    }

    /// A step that a result needs has failed for good: a failure is delivered instead of the result.
    private mutating func replaceOutput(_ text: String, _ problem: String) {
        catalog = nil
        fail("\(text): \(problem)")
        output = context.failedOutput(context.platformFailure(text, problem: problem))
    }

    /// The platform did not take the report of success. The delivered output stays as it is.
    package mutating func successRefused(_ problem: String) {
        fail("The job output was delivered, but the workload could not be reported as successful: \(problem)")
    }

    /// Records one more problem.
    private mutating func addToReport(_ problem: String) {
        if case .failure(let source, let reason) = plainReport {
            plainReport = .failure(source: source, reason: "\(reason) \(problem)")
        } else {
            fail(problem)
        }
    }

    private mutating func fail(_ reason: String) {
        plainReport = .failure(source: .airbytePlatform, reason: reason)
        failureType = .systemError
        exitStatus = ExitStatus.failure
    }
}

extension ErrorTrace {
    /// Its full text, for a log.
    fileprivate var text: String {
        let lines = [message, internalMessage, stackTrace].compactMap { $0 }.filter { !$0.isEmpty }
        return lines.isEmpty
            ? "The connector sent an error trace without details" : lines.joined(separator: "\n")
    }
}
