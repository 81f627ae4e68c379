import AirbyteProtocol
import Workload

/// Turns a connector's output into a transcript, and learns the secrets that it brings.
package struct OutputReading {
    private var reader: TranscriptReader
    /// What the bytes that were read last give to log.
    package var events = TranscriptEvents()
    private let input: SidecarInput
    private let secrets: JobSecrets
    private let digestSeed: UInt64

    /// Bytes of the output that were read, also such as were replaced later.
    package private(set) var byteCount = 0
    /// What the output has said so far.
    package var transcript: Transcript { reader.transcript }
    package var lineCount: Int { reader.lineCount }
    /// See `Transcript.decisions`.
    package var decisions: Int { reader.decisions }

    /// - Parameter digestSeed: see `TranscriptReader`.
    package init(of input: SidecarInput, secrets: JobSecrets, digestSeed: UInt64) {
        reader = TranscriptReader(kind: input.connectorKind, digestSeed: digestSeed)
        self.input = input
        self.secrets = secrets
        self.digestSeed = digestSeed
    }

    /// Takes the next bytes.
    package mutating func read(_ bytes: RawSpan) {
        byteCount += bytes.byteCount
        reader.read(bytes, events: &events)
        learnSecrets()
    }

    /// See `TranscriptReader.skipZeros`.
    package mutating func skipZeros(_ count: UInt64) { reader.skipZeros(count) }

    /// Reads a last line without a line end.
    package mutating func finish() {
        reader.finish(events: &events)
        learnSecrets()
    }

    /// The file was truncated or replaced: what counts is what it holds in the end.
    package mutating func startOver() {
        reader = TranscriptReader(kind: input.connectorKind, digestSeed: digestSeed)
    }

    /// A configuration that the connector has changed to brings secrets that were not known before, also where it is not
    /// the last.
    private func learnSecrets() {
        for configuration in events.configurations { secrets.configurationChanged(to: configuration) }
    }

    /// Ends the reading.
    ///
    /// - Parameters:
    ///   - problem: why the output, or its rest, was not read.
    ///   - exhausted: see `WorkspaceFiles.exhausted`; asked for where there is no result.
    package func end(
        _ problem: WorkspaceError?,
        exhausted: @autoclosure () -> String?
    ) -> ReadOutput {
        let transcript = reader.transcript
        return ReadOutput(
            transcript: transcript,
            unread: problem.map { "\($0.file) \($0.problem)" },
            // A result counts, whatever the volume has run out of.
            exhausted: transcript.result(for: input.operation) == nil ? exhausted() : nil
        )
    }
}

/// An output that was read to its end, or as far as it could be.
package struct ReadOutput {
    package var transcript: Transcript
    /// Why the output, or its rest, could not be read; continues "the connector's output …".
    package var unread: String?
    /// What the workspace's volume has run out of; continues "no …".
    package var exhausted: String?
}
