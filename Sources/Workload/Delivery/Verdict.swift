import AirbyteProtocol
import Scheduling
import Text

/// The outcome of a job: a pure function of why the wait ended and what the connector had written.
///
/// A result wins, however the wait ended. Without one, the ending decides what is stored, reported and returned.
struct Verdict {
    /// True when the connector gave the result that it was started for.
    var isResult = false
    /// True when the result came, but the connector did not end as it should have.
    var isUnusual = false
    /// The output to store; nil if the platform reads the failure from the report alone.
    var output: JobOutput?
    /// The catalog to write first: the output needs its id.
    var catalog: CatalogWrite?
    /// The findings about the catalog, which is delivered all the same.
    var catalogFindings: CatalogInspection?
    var report: Report
    var exitStatus: Int32
    /// One line for the log.
    var summary: String

    /// The type of a failure that is reported only.
    var reportedFailureType = FailureType.systemError

    /// The type of the failure; nil for a result.
    var failureType: FailureType? {
        isResult ? nil : output?.failureReason?.failureType ?? reportedFailureType
    }

    static func of(_ ending: Ending, _ transcript: Transcript, _ context: VerdictContext) -> Verdict {
        if let result = transcript.result(for: context.operation) {
            return success(result, ending, transcript, context)
        }
        if let salvaged = transcript.salvagedResult(for: context.operation) {
            return success(salvaged.result, behind: salvaged.textBefore, ending, transcript, context)
        }
        switch ending {
        case .connectorExited(.code(let code)):
            return exited(with: code, transcript, context)
        case .connectorExited(.unusable(let problem)):
            return failure(
                context.statedFailure(
                    "The connector's exit code is unknown: exitCode.txt \(problem).\(context.unreadNote)",
                    transcript,
                    quotesError: true
                ),
                context
            )
        case .connectorLost(let grace):
            return failure(
                context.statedFailure(
                    """
                    The connector ended without an exit code: its output has been closed for \
                    \(grace.spokenDescription). The container was probably killed (out of memory?) or the pod \
                    evicted.\(context.unreadNote)
                    """,
                    transcript
                ),
                context
            )
        case .fileTimeout(let limit):
            return timedOut(
                """
                The connector did not end within \(limit.spokenDescription). Is it still running?\
                \(context.unreadNote)
                """,
                transcript,
                context
            )
        case .startTimeout(let limit):
            return timedOut(
                """
                The connector did not start within \(limit.spokenDescription). Can its image be pulled, and does \
                the pod's main container start?
                """,
                transcript,
                context
            )
        case .terminated(let signal):
            let text = "The sidecar was stopped (\(signalName(signal))) before the connector ended."
            return Verdict(
                output: context.replacesOutput ? context.failedOutput(context.stop(text)) : nil,
                report: .failure(source: .airbytePlatform, reason: text),
                exitStatus: ExitStatus.failure,
                summary: text,
                reportedFailureType: .transientError
            )
        }
    }
}

extension Verdict {
    /// - Parameter text: what stands before the result on its line.
    private static func success(
        _ result: OperationResult,
        behind text: String? = nil,
        _ ending: Ending,
        _ transcript: Transcript,
        _ context: VerdictContext
    ) -> Verdict {
        var output = JobOutput(operation: context.operation)
        var catalog: CatalogWrite?
        var findings: CatalogInspection?
        switch result {
        case .connectionStatus(var status):
            status.message = status.message.map(context.mask.shown)
            output.checkConnection = status
        case .spec(let spec): output.spec = spec
        case .catalog(let discovered), .destinationCatalog(let discovered):
            do throws(CatalogConversionError) {
                catalog = try context.catalogWrite(discovered, of: result.connectorKind)
            } catch {
                return failure(
                    context.statedFailure("The connector's catalog cannot be used: \(error).", transcript),
                    context
                )
            }
            if case .held(let catalog) = discovered {
                findings = CatalogInspection(of: catalog, kind: result.connectorKind)
            }
        }
        let shortfalls = [text.map(context.quotationOfTextBefore), ending.shortfall, context.unread]
            .compactMap { $0 }
        let despite =
            shortfalls.isEmpty ? "" : " (which counts although \(shortfalls.joined(separator: ", and ")))"
        return Verdict(
            isResult: true,
            isUnusual: !ending.isExpected || text != nil || context.unread != nil,
            output: output,
            catalog: catalog,
            catalogFindings: findings,
            report: .success,
            exitStatus: ExitStatus.success,
            summary: "The connector gave its \(context.operation.resultName)\(despite)"
        )
    }

    /// The connector ended by itself and gave no result.
    private static func exited(
        with code: Int32,
        _ transcript: Transcript,
        _ context: VerdictContext
    ) -> Verdict {
        if let unread = context.unread {
            return failure(
                context.statedFailure("The connector's output could not be read: \(unread).", transcript),
                context
            )
        }
        if code == 0, transcript.errorTrace == nil {
            return failure(
                context.statedFailure(
                    "The connector ended with exit code 0 but gave no \(context.operation.resultName).",
                    transcript,
                    quotesError: true
                ),
                context
            )
        }
        var text =
            "The connector's \(context.operation.rawValue) ended with exit code \(code)\(ExitCodeMeaning.note(on: code))."
        if transcript.errorTrace == nil, transcript.lastLines.lines.isEmpty {
            text += " Its output does not say why: see the standard error of the main container."
        }
        let reason = context.failure(text, transcript)
        var summary = reason.externalMessage ?? text
        if transcript.errorTrace != nil {
            let traced = " Its error trace says: \(reason.visibleMessage?.firstLine ?? "nothing")"
            summary = ([text + traced] + context.hints(transcript)).joined(separator: " ")
        }
        // The platform reads the failure out of the output, so the workload itself counts as a success.
        return Verdict(
            output: context.failedOutput(reason),
            report: .success,
            exitStatus: ExitStatus.success,
            summary: summary
        )
    }

    /// The origin of the failure is unknown.
    private static func timedOut(
        _ text: String,
        _ transcript: Transcript,
        _ context: VerdictContext
    ) -> Verdict {
        var reason = context.statedFailure(text, transcript)
        reason.failureOrigin = .unknown
        return failure(reason, context, exitStatus: ExitStatus.fileTimeout)
    }

    /// A failure that is stored and also reported as one.
    private static func failure(
        _ reason: FailureReason,
        _ context: VerdictContext,
        exitStatus: Int32 = ExitStatus.failure
    ) -> Verdict {
        let text = reason.externalMessage ?? ""
        return Verdict(
            output: context.failedOutput(reason),
            report: .failure(source: reason.failureOrigin ?? .unknown, reason: text),
            exitStatus: exitStatus,
            summary: text
        )
    }
}

extension OperationResult {
    /// Which kind of connector gives such a result.
    fileprivate var connectorKind: ConnectorKind {
        if case .destinationCatalog = self { return .destination }
        return .source
    }
}

extension CatalogInspection {
    fileprivate init(of catalog: JSONValue, kind: ConnectorKind) {
        switch kind {
        case .source: self.init(sourceCatalog: catalog)
        case .destination: self.init(destinationCatalog: catalog)
        }
    }
}

extension Operation {
    /// What the operation's result is called in messages.
    var resultName: String {
        switch self {
        case .spec: "specification"
        case .check: "connection status"
        case .discover: "catalog"
        }
    }
}
