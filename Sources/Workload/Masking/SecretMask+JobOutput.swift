import AirbyteProtocol

extension SecretMask {
    /// The output with every secret in its messages replaced. A spec stays as it is: it names secrets and holds none.
    func masked(_ output: JobOutput) -> JobOutput {
        var output = output
        if var status = output.checkConnection {
            status.message = status.message.map(masked)
            output.checkConnection = status
        }
        if var reason = output.failureReason {
            reason.externalMessage = reason.externalMessage.map(masked)
            reason.internalMessage = reason.internalMessage.map(masked)
            reason.stacktrace = reason.stacktrace.map(masked)
            reason.streamDescriptor = reason.streamDescriptor.map { stream in
                StreamDescriptor(name: stream.name.map(masked), namespace: stream.namespace.map(masked))
            }
            output.failureReason = reason
        }
        return output
    }

    /// The trace with every secret in its messages replaced.
    func masked(_ trace: ErrorTrace) -> ErrorTrace {
        var trace = trace
        trace.message = trace.message.map(shown)
        trace.internalMessage = trace.internalMessage.map(shown)
        trace.stackTrace = trace.stackTrace.map(shown)
        return trace
    }

    /// The report with every secret in its reason replaced.
    package func masked(_ report: Report) -> Report {
        guard case .failure(let source, let reason) = report else { return report }
        return .failure(source: source, reason: masked(reason))
    }
}
