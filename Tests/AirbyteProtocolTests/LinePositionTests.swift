import AirbyteProtocol
import Testing

/// What an observer of a transcript is told.
@Suite struct LinePositionTests {
    private func observed(_ text: String, chunk: Int, maxHeldLineLength: Int = 1_000) -> [String] {
        var seen: [String] = []
        var events = TranscriptEvents()
        events.observer = { position, line in
            let what =
                switch line {
                case .message(.log): "log"
                case .message: "message"
                case .dropped: "dropped"
                case .notAMessage: "text"
                case .salvaged: "behind text"
                }
            seen.append("\(position.number)@\(position.offset) \(what)")
        }
        var reader = TranscriptReader(kind: .source, digestSeed: 1, maxHeldLineLength: maxHeldLineLength)
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            let part = Array(bytes[start..<min(start + chunk, bytes.count)])
            reader.read(part.span.bytes, events: &events)
            events.removeAll()
        }
        reader.finish(events: &events)
        return seen
    }

    private let text =
        #"{"type":"LOG","log":{"level":"INFO","message":"hi"}}"# + "\r\nplain\n\n"
        + #"{"type":"CATALOG","catalog":{}}"# + "\r" + #"{ "type":"STATE","state":{}}"# + "\nend"

    @Test(arguments: [1, 7, 1_000])
    func countsLinesAndBytes(_ chunk: Int) {
        let expected = ["1@0 log", "2@54 text", "3@60 text", "4@61 dropped", "5@93 message", "6@122 text"]
        #expect(observed(text, chunk: chunk) == expected)
        // The same where no line is held.
        #expect(observed(text, chunk: chunk, maxHeldLineLength: 0) == expected)
    }

    @Test func severalThingsOnALineHaveOnePlace() {
        let line = #"progress {"type":"CATALOG","catalog":{"streams":[]}}"#
        #expect(observed("x\n" + line, chunk: 1_000) == ["1@0 text", "2@2 behind text", "2@2 text"])
    }
}
