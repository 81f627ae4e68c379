import AirbyteProtocol
import Text

/// The words of a verdict. Secrets are hidden in each text before it is cut, or the beginning of a secret would stay at
/// the cut.
extension VerdictContext {
    /// So much of each of the connector's last log lines goes into a reason, in UTF-16 units: all ten of them fit.
    private static let maxLineLength = 4_000

    /// The reason of a failure: what the connector's error trace says, else the text and the connector's last log lines.
    func failure(_ text: String, _ transcript: Transcript) -> FailureReason {
        guard let trace = transcript.errorTrace else {
            return statedFailure(text, transcript, quotesError: true)
        }
        var reason = FailureReason(from: mask.masked(trace), operation: operation, origin: origin)
        if reason.visibleMessage == nil {
            // The trace says only that something failed.
            reason.externalMessage = lastError(transcript)
            reason.internalMessage = lastWords(transcript)
        }
        return reason
    }

    /// The reason of a failure in the sidecar's own words; below them goes what the connector said: its error trace, if
    /// any, and its last log lines.
    ///
    /// - Parameter quotesError: whether the connector's last error stands before the text, where there is no trace: it
    ///   is the likely cause of this failure.
    func statedFailure(
        _ text: String,
        _ transcript: Transcript,
        quotesError: Bool = false
    ) -> FailureReason {
        var reason = FailureReason(
            failureOrigin: origin,
            failureType: .systemError,
            metadata: FailureReason.metadata(of: operation)
        )
        var error: String?
        var details: [String?] = []
        if let trace = transcript.errorTrace {
            reason = FailureReason(from: mask.masked(trace), operation: operation, origin: origin)
            details = [reason.externalMessage, reason.internalMessage]
        } else if quotesError {
            error = lastError(transcript)
        }
        details.append(lastWords(transcript))
        reason.externalMessage = line(of: [error, text] + hints(transcript))
        reason.internalMessage = details.compactMap { $0 }.joined(separator: "\n").cutMessage
        return reason
    }

    /// The reason of a failure that is not the connector's fault.
    ///
    /// - Parameter problem: what has failed, in one line.
    func platformFailure(_ text: String, problem: String) -> FailureReason {
        FailureReason(
            failureOrigin: .airbytePlatform,
            failureType: .systemError,
            internalMessage: mask.masked(problem).cutMessage,
            externalMessage: mask.masked("\(text): \(problem)").cutMessage,
            metadata: FailureReason.metadata(of: operation)
        )
    }

    /// The reason of a job that was stopped from outside.
    func stop(_ text: String) -> FailureReason {
        FailureReason(
            failureOrigin: .airbytePlatform,
            failureType: .transientError,
            externalMessage: text,
            metadata: FailureReason.metadata(of: operation)
        )
    }

    /// So much of a text that stands before a result is quoted, in UTF-16 units: enough to find it in the output.
    private static let maxQuotationLength = 200

    /// That text stands before the result on its line; continues "although …".
    func quotationOfTextBefore(_ text: String) -> String {
        let shown = mask.shown(text).truncated(toUTF16Length: Self.maxQuotationLength)
        return "\"\(shown.escapingControlCharacters())\" precedes it on its line"
    }

    /// Further known reasons for the missing result, in sentences.
    func hints(_ transcript: Transcript) -> [String] {
        var hints: [String] = []
        if let flaw = transcript.resultFlaw(for: operation) { hints.append("In its output, \(flaw).") }
        if let exhausted {
            hints.append("The volume of the workspace is full: it has no \(exhausted) left.")
        }
        return hints
    }

    /// Joins the sentences that are not nil into one line.
    private func line(of sentences: [String?]) -> String? {
        sentences.compactMap { $0.map { mask.masked($0).endingAsSentence } }.joined(separator: " ").cutMessage
    }

    /// The first line of the last error that the connector logged.
    private func lastError(_ transcript: Transcript) -> String? {
        transcript.lastFatalOrErrorLine(masked: mask.shown)
    }

    /// The connector's last log lines under a heading; nil where it logged nothing.
    private func lastWords(_ transcript: Transcript) -> String? {
        let lines = transcript.lastLines.lines
        guard !lines.isEmpty else { return nil }
        let shown =
            mask.isIncomplete
            ? [SecretMask.withheld]
            : lines.map { mask.masked($0).truncated(toUTF16Length: Self.maxLineLength) }
        return (["The connector's last log lines:"] + shown).joined(separator: "\n")
    }
}

extension String {
    /// The text as far as a failure's message may be long; nil where it is empty.
    fileprivate var cutMessage: String? {
        isEmpty ? nil : truncated(toUTF16Length: FailureReason.maximumMessageLength)
    }

    /// The text with a full stop, unless it ends like a sentence already.
    fileprivate var endingAsSentence: String {
        guard let last, !".!?…:".contains(last) else { return self }
        return self + "."
    }
}
