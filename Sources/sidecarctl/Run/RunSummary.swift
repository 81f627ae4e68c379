import AirbyteProtocol
import Scheduling
import Workload

/// How a run has ended.
struct RunSummary {
    let record: RunRecord
    let took: Duration
    let mask: SecretMask
    /// The workspace, where it is kept.
    let keptWorkspace: String?

    /// Whether the sidecar has delivered the connector's result. A failure with a reason is reported as a success of the
    /// workload, too: the platform reads it out of the job output.
    var isSuccess: Bool { isReported && failureReason == nil }

    private var isReported: Bool {
        record.report?.isSuccess == true && record.sidecarExit == 0 && record.interruption == nil
    }

    /// Whether all is as the user wants it: of a check, the connection's status too.
    var isGood: Bool { isSuccess && connectionStatus != "failed" }

    private var output: JSONValue? { record.jobOutput?.document?.root }

    private var connectionStatus: String? {
        output?[member: "checkConnection"]?[member: "status"]?.string
    }

    /// The outcome in one line.
    var verdict: String {
        let operation = record.job.operation.rawValue.uppercased()
        if isSuccess { return "\(operation) \(mask.shown(result))" }
        if let signal = record.interruption { return "\(operation) was interrupted by \(signalName(signal))" }
        guard let report = record.report else {
            let code = record.sidecarExit.map { " and ended with exit code \($0)" } ?? ""
            return "\(operation) came to nothing: the sidecar reported neither success nor failure\(code)"
        }
        if report.isSuccess, !isReported {
            return "\(operation) succeeded, but the sidecar ended with exit code \(record.sidecarExit ?? -1)"
        }
        return "\(operation) failed: \(mask.shown(failure ?? report.reason ?? "no reason was reported"))"
    }

    private var result: String {
        switch record.job.operation {
        case .spec: "succeeded: the connector gave its specification"
        case .discover: "succeeded: \(record.catalog ?? "the connector gave its catalog")"
        case .check:
            if connectionStatus == "failed" {
                "gave the status failed: \(output?[member: "checkConnection"]?[member: "message"]?.string ?? "without a reason")"
            } else {
                "succeeded: the connection works"
            }
        }
    }

    private var failureReason: JSONValue? { output?[member: "failureReason"] }

    /// Why there is no result, with its kind.
    private var failure: String? {
        guard let reason = failureReason else { return nil }
        let message = reason[member: "externalMessage"]?.string ?? reason[member: "internalMessage"]?.string
        let type = reason[member: "failureType"]?.string.map { " (\($0))" } ?? ""
        return message.map { ($0.hasSuffix(".") ? String($0.dropLast()) : $0) + type }
    }
}
