import ProtocolTestSupport
import TestSupport
import Testing

@testable import AirbyteProtocol

@Suite struct TranscriptTests {
    private func transcript(_ lines: [String], kind: ConnectorKind = .source) -> Transcript {
        var reader = TranscriptReader(kind: kind, digestSeed: 1)
        _ = reader.read(Array(lines.joined(separator: "\n").utf8))
        _ = reader.finish()
        return reader.transcript
    }

    private func describe(_ result: OperationResult?) -> String {
        switch result {
        case nil: "nothing"
        case .connectionStatus(let status): "\(status.status) \(status.message ?? "-")"
        case .catalog(let catalog): "catalog \(text(catalog.value?.rawJSON ?? []))"
        case .destinationCatalog(let catalog): "destination catalog \(text(catalog.value?.rawJSON ?? []))"
        case .spec(let spec): "spec \(text(spec.value?.rawJSON ?? []))"
        }
    }

    @Test func isEmptyAtFirst() {
        let transcript = transcript([])
        for operation in Operation.allCases {
            #expect(describe(transcript.result(for: operation)) == "nothing")
        }
        #expect(transcript.errorTrace == nil)
        #expect(transcript.lastConnectorConfig == nil)
        #expect(transcript.lineSkippedWithRecord == 0)
        #expect(transcript.nonAirbyteMessageLogLine == 0)
        #expect(transcript.lineSkippedTooLong == 0)
    }

    @Test func takesTheFirstResultOfEachKind() {
        let transcript = transcript([
            // An incomplete message is none.
            #"{"type":"CONNECTION_STATUS","connectionStatus":{"message":"incomplete"}}"#,
            #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"first"}}"#,
            #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED","message":"second"}}"#,
            #"{"type":"SPEC","spec":{"x":1}}"#, #"{"type":"SPEC","spec":{"connectionSpecification":1}}"#,
            #"{"type":"SPEC","spec":{"connectionSpecification":2}}"#,
            #"{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[],"n":1}}"#,
            #"{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[],"n":2}}"#,
            #"{"type":"CATALOG","catalog":{"n":0}}"#, #"{"type":"CATALOG","catalog":{"streams":[],"n":1}}"#,
            #"{"type":"CATALOG","catalog":{"streams":[],"n":2}}"#,
        ])
        #expect(describe(transcript.result(for: .check)) == "failed first")
        #expect(describe(transcript.result(for: .spec)) == #"spec {"connectionSpecification":1}"#)
        #expect(describe(transcript.result(for: .discover)) == #"catalog {"streams":[],"n":1}"#)
        #expect(transcript.destinationCatalog?.value.map { text($0.rawJSON) } == #"{"operations":[],"n":1}"#)
    }

    @Test func fallsBackToTheDestinationCatalog() {
        let transcript = transcript([
            #"{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[]}}"#
        ])
        #expect(describe(transcript.result(for: .discover)) == #"destination catalog {"operations":[]}"#)
        #expect(describe(transcript.result(for: .check)) == "nothing")
    }

    @Test func takesTheFirstErrorTrace() {
        let transcript = transcript([
            #"{"type":"TRACE","trace":{"type":"ESTIMATE","emitted_at":1,"error":{"message":"an estimate"}}}"#,
            #"{"type":"TRACE","trace":{"type":"ERROR","error":{"message":"without a time"}}}"#,
            #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":2,"error":{"message":"second"}}}"#,
        ])
        #expect(transcript.errorTrace == ErrorTrace(message: "without a time", emittedAt: nil))
    }

    @Test func takesTheLastConfiguration() {
        func control(_ connectorConfig: String) -> String {
            #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":\#(connectorConfig)}}"#
        }
        let transcript = transcript([
            control(#"{"config":{"n":1}}"#), control(#"{"config":{"n":2.0}}"#), control(#"{"config":[]}"#),
            control("null"), control("{}"),
        ])
        #expect(transcript.lastConnectorConfig.map { text($0.rawJSON) } == #"{"n":2.0}"#)
    }

    @Test func countsSkippedLines() {
        let transcript = transcript([
            "plain", "", #"{"type":"NONE"}"#, #"{"type":"RECORD","record":1}"#, "{}",
            #"{"type":"STATE","state":{}}"#,
            #"x{"type":"RECORD","record":{}"#,
        ])
        #expect(transcript.nonAirbyteMessageLogLine == 3)
        #expect(transcript.lineSkippedWithRecord == 2)
        #expect(transcript.lineSkippedTooLong == 0)
    }

    @Test func countsLongLinesWhateverTheyAre() {
        let bound = 2_000
        var reader = TranscriptReader(
            kind: .source,
            digestSeed: 1,
            maxHeldLineLength: LineFramer.maxHeldLineLength,
            tooLongLine: bound
        )
        func line(_ prefix: String, _ suffix: String, length: Int, filler: String) -> [UInt8] {
            let count = (length - prefix.utf16.count - suffix.utf16.count) / filler.utf16.count
            return Array((prefix + String(repeating: filler, count: count) + suffix + "\n").utf8)
        }
        // Bytes are not what counts: these are almost 6,000 of them, and one unit too few.
        _ = reader.read(line("漢", "", length: bound - 1, filler: "漢"))
        #expect(reader.transcript.tooLongLines == [])
        #expect(reader.transcript.nonAirbyteMessageLogLine == 1)
        _ = reader.read(line("", "", length: bound, filler: "x"))
        #expect(reader.transcript.tooLongLines == [bound])
        _ = reader.read(
            line(
                #"{"type":"SPEC","spec":{"connectionSpecification":""#,
                #""}}"#,
                length: bound + 5,
                filler: "x"
            )
        )
        #expect(reader.transcript.tooLongLines == [bound, bound + 5])
        #expect(reader.transcript.spec != nil)
        #expect(reader.transcript.lineSkippedTooLong == 2)
        #expect(reader.transcript.nonAirbyteMessageLogLine == 2)
        #expect(Transcript.tooLongLine == 20_000_000)
    }

    static let samples = [
        "", "plain text", #"{"type":"LOG","log":{"level":"ERROR","message":"é\n😀","stack_trace":"at x"}}"#,
        #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"漢"}} trailing"#,
        #"{"type":"SPEC","spec":{ "connectionSpecification":{"a":[1.50,{"b":"\"\\"}]} }}"#,
        #"{"type":"CATALOG","catalog":{"streams":[{"name":"users","json_schema":{"x":1e400}}]}}"#,
        #"{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[]}}"#,
        #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1.5,"error":{"message":"m"}}}"#,
        #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"k":"v"}}}}"#,
        #"{"type":"RECORD","record":{"stream":"s","data":{"a":1}}}"#, #"{"type":"RECORD","record":"secret"}"#,
        #"{"type":"LOG"}"#,
    ]

    /// Every sample, with every line end, cut at every byte: the same events and the same transcript.
    @Test(arguments: samples, ["\n", "\r\n", "\r", ""])
    func doesNotDependOnChunks(_ sample: String, _ end: String) {
        let bytes = Array(("before" + (end.isEmpty ? "\n" : end) + sample + end).utf8)
        func read(_ chunks: [[UInt8]]) -> (events: [TranscriptEvent], summary: [String]) {
            var reader = TranscriptReader(digestSeed: 1)
            var events: [TranscriptEvent] = []
            for chunk in chunks { events += reader.read(chunk) }
            events += reader.finish()
            let transcript = reader.transcript
            let trace = transcript.errorTrace.map { "\($0)" } ?? "-"
            let config = transcript.lastConnectorConfig.map { text($0.rawJSON) } ?? "-"
            let destination = transcript.destinationCatalog?.value.map { text($0.rawJSON) } ?? "-"
            let results = Operation.allCases.map { describe(transcript.result(for: $0)) }
            let counts = "\(transcript.lineSkippedWithRecord) \(transcript.nonAirbyteMessageLogLine)"
            return (events, results + [trace, config, destination, counts])
        }
        let whole = read([bytes])
        #expect(whole.events.first == .plainLine("before"))
        for cut in 0...bytes.count {
            let parts = read([Array(bytes[..<cut]), Array(bytes[cut...])])
            #expect(parts.events == whole.events, "cut at \(cut)")
            #expect(parts.summary == whole.summary, "cut at \(cut)")
        }
        let single = read(bytes.map { [$0] })
        #expect(single.events == whole.events)
        #expect(single.summary == whole.summary)
    }

    @Test func givesEventsInOrder() {
        var reader = TranscriptReader(digestSeed: 1)
        let stream = Self.samples.joined(separator: "\n")
        let events = reader.read(Array(stream.utf8)) + reader.finish()
        #expect(
            events == [
                .plainLine(""), .plainLine("plain text"),
                .connectorLog(ConnectorLog(level: .error, message: "é\n😀", stackTrace: "at x")),
                .suspectedRecord,
                .dropped(reason: "LOG without level or message"),
            ]
        )
        #expect(describe(reader.transcript.result(for: .check)) == "failed 漢")
        #expect(
            describe(reader.transcript.result(for: .spec))
                == #"spec { "connectionSpecification":{"a":[1.50,{"b":"\"\\"}]} }"#
        )
        #expect(
            describe(reader.transcript.result(for: .discover))
                == #"catalog {"streams":[{"name":"users","json_schema":{"x":1e400}}]}"#
        )
        #expect(reader.transcript.lastConnectorConfig?[member: "k"]?.string == "v")
        #expect(reader.transcript.errorTrace?.emittedAt == 1)
    }

    /// Events come when their line is complete, not at the output's end.
    @Test func givesEventsAsSoonAsPossible() {
        var reader = TranscriptReader(digestSeed: 1)
        #expect(reader.read(Array("one".utf8)) == [])
        #expect(reader.read(Array("\r".utf8)) == [.plainLine("one")])
        #expect(reader.read(Array("\ntwo\n".utf8)) == [.plainLine("two")])
        #expect(reader.read(Array("three".utf8)) == [])
        #expect(reader.finish() == [.plainLine("three")])
        #expect(reader.finish() == [])
    }
}
