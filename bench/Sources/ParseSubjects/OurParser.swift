import AirbyteProtocol

/// What the sidecar does with an output, all but printing.
struct OurParser: ParseSubject {
    private var reader = TranscriptReader(kind: .source, digestSeed: 1)
    private var others = 0

    init() {}

    mutating func read(_ chunk: RawSpan) {
        count(reader.read(chunk))
    }

    mutating func finish() -> ParseOutcome {
        count(reader.finish())
        return ParseOutcome(others: others, hasCatalog: reader.transcript.result(for: .discover) != nil)
    }

    private mutating func count(_ events: [TranscriptEvent]) {
        for event in events {
            if case .connectorLog = event { continue }
            others += 1
        }
    }
}
