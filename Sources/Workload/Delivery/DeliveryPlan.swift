import AirbyteProtocol
import Logging

/// What has to happen so that the platform knows a workload's outcome: which calls, in which order.
///
/// A value: `nextStep` tells what is due, the result of each step is recorded, and a step that failed for good
/// changes what follows. Nothing is sent from here.
package struct DeliveryPlan: Sendable {
    package enum Step: Sendable {
        /// Have the platform keep the configuration that the connector has changed.
        case updateConfiguration(ConfigurationUpdate)
        /// Hand the discovered catalog to the server, which answers with its id.
        case writeCatalog(CatalogWrite)
        /// Put the job output where the platform reads it.
        case storeOutput(JobOutput)
        case report(Report)
    }

    /// One line for people about the outcome, before anything is delivered.
    package struct Summary: Sendable {
        package var level: Logger.Level
        package var text: String
    }

    /// What is to be told in the end, secrets hidden.
    package var report: Report { context.mask.masked(plainReport) }
    /// The code with which the process is to end once the report is accepted.
    package private(set) var exitStatus: Int32
    package let summary: Summary?
    /// What is odd about the discovered catalog; nil where there is none to be delivered, or where it is not held: then
    /// it is found when the catalog is read again.
    package let catalogFindings: CatalogInspection?
    /// The connector's error trace, in its words, where it decides nothing since there is a result.
    package let strayError: String?

    private var plainReport: Report
    private var update: ConfigurationUpdate?
    private var configurationWasUpdated = false
    private var catalog: CatalogWrite?
    private var output: JobOutput?
    private let isResult: Bool
    private let context: VerdictContext

    /// The plan for an ending of the wait with what the connector had written by then.
    ///
    /// - Parameters:
    ///   - unread: why the output, or its rest, could not be read; continues "the connector's output …".
    ///   - exhausted: what the workspace's volume has run out of; continues "no …".
    package init(
        ending: Ending,
        transcript: Transcript,
        unread: String? = nil,
        exhausted: String? = nil,
        input: SidecarInput
    ) {
        context = VerdictContext(input: input, transcript: transcript, unread: unread, exhausted: exhausted)
        let verdict = Verdict.of(ending, transcript, context)
        plainReport = verdict.report
        exitStatus = verdict.exitStatus
        output = verdict.output
        catalog = verdict.catalog
        catalogFindings = verdict.catalogFindings
        update = ConfigurationUpdate(transcript: transcript, input: input)
        isResult = verdict.isResult
        let isPlain = verdict.isResult && !verdict.isUnusual
        summary = Summary(level: isPlain ? .info : .warning, text: verdict.summary)
        strayError = verdict.isResult ? transcript.errorTrace?.text : nil
    }

    /// What is due. Secrets of the connector's configuration are hidden in it, but for the update that hands them over.
    package var nextStep: Step {
        if let update { return .updateConfiguration(update) }
        if let catalog { return .writeCatalog(catalog) }
        if var output {
            output.connectorConfigurationUpdated = configurationWasUpdated
            return .storeOutput(context.mask.masked(output))
        }
        return .report(report)
    }

    /// The platform keeps the connector's new configuration.
    package mutating func configurationUpdated() {
        update = nil
        configurationWasUpdated = true
    }

    /// The platform did not take the new configuration. The next job would run with the old one, which may have ended:
    /// the job has failed. A failure that the connector told of stays what is stored.
    ///
    /// - Returns: one line for people.
    @discardableResult
    package mutating func configurationFailed(_ problem: String) -> String {
        update = nil
        let text = "The connector's new configuration could not be saved"
        if isResult {
            replaceOutput(text, problem)
        } else {
            addToReport("\(text): \(problem)")
        }
        return "\(text): \(problem)"
    }

    /// The server took the catalog and named it.
    package mutating func catalogWritten(id: String) {
        catalog = nil
        output?.discoverCatalogId = id
    }

    /// The server did not take the catalog: the job has failed, and that is what is delivered.
    ///
    /// - Returns: one line for people.
    @discardableResult
    package mutating func catalogFailed(_ problem: String) -> String {
        let text = "The discovered catalog could not be written to the platform"
        replaceOutput(text, problem)
        return "\(text): \(problem)"
    }

    package mutating func outputStored() {
        output = nil
    }

    /// No sink took the output.
    ///
    /// - Returns: one line for people.
    @discardableResult
    package mutating func outputLost(_ problem: String) -> String {
        output = nil
        let text = "The job output could not be saved: \(problem)"
        addToReport(text)
        return text
    }

    /// A step without which there is no result has failed for good: that is what is delivered instead of it.
    private mutating func replaceOutput(_ text: String, _ problem: String) {
        catalog = nil
        fail("\(text): \(problem)")
        output = context.failedOutput(context.platformFailure(text, problem: problem))
    }

    /// The platform did not take the report of success. The output that has been delivered stays as it is.
    package mutating func successRefused(_ problem: String) {
        fail("The job output was delivered, but the workload could not be reported as successful: \(problem)")
    }

    /// One more thing has gone wrong.
    private mutating func addToReport(_ problem: String) {
        if case .failure(let source, let reason) = plainReport {
            plainReport = .failure(source: source, reason: "\(reason) \(problem)")
        } else {
            fail(problem)
        }
    }

    private mutating func fail(_ reason: String) {
        plainReport = .failure(source: .airbytePlatform, reason: reason)
        exitStatus = ExitStatus.failure
    }
}

extension ErrorTrace {
    /// All that it says, for a log.
    fileprivate var text: String {
        let lines = [message, internalMessage, stackTrace].compactMap { $0 }.filter { !$0.isEmpty }
        return lines.isEmpty ? "The connector sent an error trace without details" : lines.joined(separator: "\n")
    }
}

/// A discovered catalog on its way to the server API.
package struct CatalogWrite: Sendable {
    package var connector: ConnectorKind
    /// The whole request body, JSON.
    package var body: OutputDocument

    package init(connector: ConnectorKind, body: OutputDocument) {
        self.connector = connector
        self.body = body
    }
}
