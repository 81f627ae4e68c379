import AirbyteProtocol

/// What the sidecar does with an output, all but printing.
struct OurParser: ParseSubject {
    private var reader = TranscriptReader(kind: .source, digestSeed: 1)
    private var events = TranscriptEvents()
    private var others = 0

    init() {}

    mutating func read(_ chunk: RawSpan) {
        reader.read(chunk, events: &events)
        count()
    }

    mutating func finish() -> ParseOutcome {
        reader.finish(events: &events)
        count()
        return ParseOutcome(others: others, hasCatalog: reader.transcript.result(for: .discover) != nil)
    }

    private mutating func count() {
        var others = 0
        events.forEach { kind, _ in
            if case .connectorLog = kind { return }
            others += 1
        }
        self.others += others
        events.removeAll()
    }
}
