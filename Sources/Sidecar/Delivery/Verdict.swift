import AirbyteProtocol

/// What the outcome of a job is: a pure function of why the wait ended and what the connector had written.
///
/// The rows of the outcome table, from a result (which wins whatever the exit code) to a connector that vanished.
struct Verdict {
    /// True when the connector gave the result that it was started for.
    var isResult = false
    /// To be stored; nil where the platform is to read the failure out of the report alone.
    var output: JobOutput?
    /// To be written first, its id belongs into the output.
    var catalog: CatalogWrite?
    /// What is odd about the catalog, which is delivered nevertheless.
    var catalogFindings: CatalogInspection?
    var report: Report
    var exitStatus: Int32
    /// One line for people.
    var summary: String

    static func of(_ ending: Ending, _ transcript: Transcript, _ context: VerdictContext) -> Verdict {
        switch ending {
        case .connectorExited(.code(let code)):
            return exited(with: code, transcript, context)
        case .connectorExited(.unusable(let problem)):
            return failure(
                "The connector's exit code is unknown: exitCode.txt \(problem).",
                transcript,
                context
            )
        case .connectorLost(let grace):
            // A result is a result; that of the lost exit code can be told as a warning.
            if let result = transcript.result(for: context.operation) {
                return success(result, despite: "although no exit code came", transcript, context)
            }
            return failure(
                """
                The connector ended without an exit code: its output has been closed for \
                \(grace.spokenDescription). The container was probably killed (out of memory?) or the pod evicted.
                """,
                transcript,
                context
            )
        case .fileTimeout(let limit):
            return timedOut(
                "The connector did not end within \(limit.spokenDescription). Is it still running?"
            )
        case .startTimeout(let limit):
            return timedOut(
                """
                The connector did not start within \(limit.spokenDescription). Can its image be pulled, and does \
                the pod's main container start?
                """
            )
        case .terminated(let signal):
            return terminated(by: signal, transcript, context)
        }
    }
}

extension Verdict {
    /// The connector ended by itself.
    private static func exited(
        with code: Int32,
        _ transcript: Transcript,
        _ context: VerdictContext
    ) -> Verdict {
        if let result = transcript.result(for: context.operation) {
            let despite = code == 0 ? nil : "although the exit code is \(code)\(code.meaning)"
            return success(result, despite: despite, transcript, context)
        }
        if let unread = context.unread {
            return failure("The connector's output could not be read: \(unread).", transcript, context)
        }
        if code == 0, transcript.errorTrace == nil {
            return failure(
                "The connector ended with exit code 0 but gave no \(context.operation.resultName).",
                transcript,
                context
            )
        }
        let text =
            "The connector's \(context.operation.rawValue) ended with exit code \(code)\(code.meaning)."
        let reason = context.failure(text, transcript: transcript)
        let traced = transcript.errorTrace.map {
            " Its error trace says: \($0.message?.firstLine ?? "nothing")"
        }
        // The platform reads the failure out of the output, so the workload itself counts as a success.
        return Verdict(
            output: context.failedOutput(reason),
            report: .success,
            exitStatus: ExitStatus.success,
            summary: text + (traced ?? "")
        )
    }

    private static func success(
        _ result: OperationResult,
        despite: String?,
        _ transcript: Transcript,
        _ context: VerdictContext
    ) -> Verdict {
        var output = JobOutput(operation: context.operation)
        var catalog: CatalogWrite?
        var findings: CatalogInspection?
        switch result {
        case .connectionStatus(let status): output.checkConnection = status
        case .spec(let spec): output.spec = spec
        case .catalog(let discovered), .destinationCatalog(let discovered):
            do throws(CatalogConversionError) {
                catalog = try context.catalogWrite(discovered, of: result.connectorKind)
            } catch {
                return failure("The connector's catalog cannot be used: \(error).", transcript, context)
            }
            if case .held(let catalog) = discovered {
                findings = CatalogInspection(of: catalog, kind: result.connectorKind)
            }
        }
        return Verdict(
            isResult: true,
            output: output,
            catalog: catalog,
            catalogFindings: findings,
            report: .success,
            exitStatus: ExitStatus.success,
            summary: "The connector gave its \(context.operation.resultName)"
                + (despite.map { " (which counts \($0))" } ?? "")
        )
    }

    /// Nobody knows whose fault it is.
    private static func timedOut(_ text: String) -> Verdict {
        Verdict(
            report: .failure(source: .unknown, reason: text),
            exitStatus: ExitStatus.fileTimeout,
            summary: text
        )
    }

    /// A failure that is stored and also reported as one.
    private static func failure(
        _ text: String,
        _ transcript: Transcript,
        _ context: VerdictContext
    ) -> Verdict {
        Verdict(
            output: context.failedOutput(context.statedFailure(text, transcript: transcript)),
            report: .failure(source: context.origin, reason: text),
            exitStatus: ExitStatus.failure,
            summary: text
        )
    }

    /// What is complete is delivered, whatever else was to come.
    private static func terminated(
        by signal: Int32,
        _ transcript: Transcript,
        _ context: VerdictContext
    ) -> Verdict {
        if let result = transcript.result(for: context.operation) {
            return success(result, despite: nil, transcript, context)
        }
        let text = "The sidecar was told to stop (\(signalName(signal))) before the connector ended."
        return Verdict(
            report: .failure(source: .airbytePlatform, reason: text),
            exitStatus: ExitStatus.failure,
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
    /// What the operation is for, for people.
    var resultName: String {
        switch self {
        case .spec: "specification"
        case .check: "connection status"
        case .discover: "catalog"
        }
    }
}

extension Int32 {
    /// What an exit code means by the shell's conventions, in parentheses; empty where it means nothing special.
    var meaning: String {
        switch self {
        case 126: " (the connector's command cannot be executed)"
        case 127: " (the connector's command was not found)"
        case 137: " (killed by SIGKILL: out of memory?)"
        case 139: " (killed by SIGSEGV: the connector crashed)"
        case 143: " (ended by SIGTERM: the pod was told to stop)"
        default: ""
        }
    }
}
