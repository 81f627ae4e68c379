import TestSupport
import Testing

@testable import AirbyteProtocol

/// Lines with more on them than one message, read in memory and in passing.
@Suite(.serialized) struct SeveralMessagesOnALineTests {
    /// Reads an output in every way: lines that are held, and lines that pass in pieces of some sizes.
    private func read(_ output: String) -> [(events: [TranscriptEvent], transcript: Transcript)] {
        let bytes = Array(output.utf8)
        return [(Int.max, bytes.count), (0, bytes.count), (0, 1), (0, 7)].map { bound, chunk in
            var reader = TranscriptReader(kind: .source, digestSeed: 1, maxHeldLineLength: bound)
            var events: [TranscriptEvent] = []
            for start in stride(from: 0, to: bytes.count, by: max(1, chunk)) {
                events += reader.read(Array(bytes[start..<min(start + max(1, chunk), bytes.count)]))
            }
            return (events + reader.finish(), reader.transcript)
        }
    }

    private func status(_ message: String) -> String {
        #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"\#(message)"}}"#
    }

    private func log(_ message: String) -> String {
        #"{"type":"LOG","log":{"level":"INFO","message":"\#(message)"}}"#
    }

    private func failed(_ message: String) -> ConnectionStatus {
        ConnectionStatus(status: .failed, message: message)
    }

    private func event(_ message: String) -> TranscriptEvent {
        .connectorLog(ConnectorLog(level: .info, message: message))
    }

    // MARK: Proper messages

    @Test(arguments: ["", " ", "\t ", "\0\0", " \0 "])
    func readingGoesOnAtTheNextBrace(_ space: String) {
        for (events, transcript) in read(
            [log("a"), status("one"), log("b"), status("two")].joined(separator: space)
        ) {
            #expect(events == [event("a"), event("b")])
            #expect(transcript.connectionStatus == failed("one"))
            #expect(transcript.nonAirbyteMessageLogLine == 0)
        }
    }

    @Test func valuesThatAreNoMessagesStandForThemselves() {
        let other = #"{"type":"OTHER","x":"\ud800"}"#
        for (events, transcript) in read(
            #"{"a":1} "# + log("a") + other + "  " + status("one") + #"{"type":"LOG"}"#
        ) {
            #expect(
                events == [
                    .dropped(reason: "no message type"), event("a"), .plainLine(other + "  "),
                    .dropped(reason: "LOG without level or message"),
                ]
            )
            #expect(transcript.connectionStatus == failed("one"))
            #expect(transcript.nonAirbyteMessageLogLine == 1)
        }
    }

    @Test func whatLooksLikeARecordIsNotShown() {
        let record = #"{"type":"RECORD","record":1}"#
        for (events, transcript) in read(record + log("a") + "\n" + log("b") + record) {
            #expect(events == [.suspectedRecord, event("a"), event("b"), .suspectedRecord])
            #expect(transcript.lineSkippedWithRecord == 2)
        }
    }

    @Test func whatFollowsOtherwiseIsIgnored() {
        for rest in ["]}", " text", "\"", "[1]", "x" + log("no"), "{broken", ", " + log("no"), "\u{1}"] {
            for (events, transcript) in read(log("a") + rest) {
                let isLine = rest.hasPrefix("{")
                #expect(events == [event("a")] + (isLine ? [.plainLine(rest)] : []), "\(rest)")
                #expect(transcript.nonAirbyteMessageLogLine == (isLine ? 1 : 0))
            }
        }
    }

    @Test(arguments: ["\0", "\0\0\0", " \0\t"])
    func zeroBytesBeforeAMessageAreSkipped(_ zeros: String) {
        for (events, transcript) in read(zeros + log("a") + "\n" + zeros + status("one")) {
            #expect(events == [event("a")])
            #expect(transcript.connectionStatus == failed("one"))
        }
        for (_, transcript) in read("{\0" + status("one").dropFirst()) {
            #expect(transcript.connectionStatus == nil)
        }
    }

    @Test func aLineCanHoldVeryManyMessages() {
        let count = 5_000
        var reader = TranscriptReader(kind: .source, digestSeed: 1, maxHeldLineLength: .max)
        _ = reader.read(Array(String(repeating: log("a"), count: count).utf8))
        #expect(reader.finish().count == count)
    }

    // MARK: Behind text

    /// How a text stands before the only result. (The first is what airbyte-cdk 7.39.1 makes of a progress text.)
    @Test(arguments: [
        "loading  50%", "\u{FEFF}", "\u{1B}[32m", "[INFO] ", "[12:00:01] ", "[1/3]", "{foo} ",
        "loaded {} and [1, 2]: ",
        "it's \"done\" - ", #"{"a" b"#, "é漢😀 ", "50% [####    ] {'host': 'h'} ", "[] x ", "\\", "]", "}",
        #"INFO {"level":"info"} "#, "reading 'users'", #"reading "users""#, "reading `",
        // Objects that are no JSON, but have an end.
        #"{"a": oops} "#, #"error {"detail": None, "b": ["}", {}, "\"}"]} "#, #"{"a":****7,"b":"]}"}"#,
        "{\"a\":\"b\u{1}}\"}, ",
    ])
    func resultsBehindTextAreSalvaged(_ text: String) {
        for (events, transcript) in read(text + status("one") + " and more\n") {
            #expect(events == [.plainLine(text + status("one") + " and more")])
            #expect(transcript.result(for: .check) == nil)
            let expected = SalvagedResult(result: .connectionStatus(failed("one")), textBefore: text)
            #expect(transcript.salvagedResult(for: .check) == expected)
            #expect(transcript.nonAirbyteMessageLogLine == 1)
        }
    }

    @Test func textCanFollowAMessage() {
        for (events, transcript) in read(log("a") + "loading 50%" + status("one")) {
            #expect(events == [event("a")])
            let expected = SalvagedResult(result: .connectionStatus(failed("one")), textBefore: "loading 50%")
            #expect(transcript.salvagedResult(for: .check) == expected)
        }
    }

    @Test func theLastLineCountsAndAProperMessageWins() {
        for (_, transcript) in read("a\(status("one"))\nb\(log("no"))\(status("two"))\nx") {
            let salvaged = transcript.salvagedResult(for: .check)
            #expect(salvaged?.result == .connectionStatus(failed("two")))
            #expect(salvaged?.textBefore == "b" + log("no"))
        }
        for output in ["a\(status("one"))\n\(status("two"))", "\(status("two"))\na\(status("one"))"] {
            for (_, transcript) in read(output) {
                #expect(transcript.salvagedResult(for: .check) == nil)
                #expect(transcript.connectionStatus == failed("two"))
            }
        }
    }

    @Test func everyKindOfResultIsSalvaged() throws {
        let catalog = #"{"type":"CATALOG","catalog":{"streams":[{"name":"s"}]}}"#
        let operations = #"{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[]}}"#
        let spec = #"{"type":"SPEC","spec":{"connectionSpecification":{"a":1}}}"#
        for (_, transcript) in read("a\(catalog)\nb\(operations)\nc\(spec)\n") {
            guard case .catalog = transcript.salvagedResult(for: .discover)?.result,
                case .spec = transcript.salvagedResult(for: .spec)?.result
            else {
                Issue.record("no catalog or no spec")
                return
            }
            #expect(transcript.salvagedResult(for: .check) == nil)
        }
    }

    @Test func errorTracesBehindTextAreSalvaged() {
        let trace = #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":"x","error":{"message":"m"}}}"#
        for (events, transcript) in read("loading\(trace)") {
            #expect(transcript.errorTrace == ErrorTrace(message: "m", emittedAt: nil))
            #expect(events == [.plainLine("loading\(trace)")])
        }
    }

    /// What only looks like a message of the connector's.
    @Test(arguments: [
        // Quoted.
        #"text "STATUS""#, "text 'STATUS'", "`STATUS`", #"body: "{\"type\":\"CONNECTION_STATUS\"}""#,
        // Within another value.
        "[STATUS]", "text [1, STATUS]", #"text {"a":STATUS}"#, #"text {"a":[{"b":STATUS}]} more"#,
        #"text [[STATUS], 1] more"#, #"text {"a":"x","b":[STATUS"#, "text [STATUS, oops]", "text [ STATUS",
        // Within what was to be another value.
        #"{"a":STATUS"#, #"{"a": oops, "b":STATUS}"#, #"{"type":"LOG","log":{"level":"INFO","mess STATUS"#,
        #"{"type":"LOG","log":{"level":"INFO","message":"STATUS"}}"#, #"text {"a":****7,"b":STATUS}"#,
        #"text [{"a": oops STATUS"#,
        // Not whole, no result, or no message.
        #"text {"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED""#,
        #"text {"type":"CONNECTION_STATUS","connectionStatus":{"message":"m"}}"#,
        #"text {"type":"CONNECTION_STATUS","connectionStatus":{"status":"OK"}}"#,
        #"text {"type":"CATALOG","catalog":{"streams":null}}"#,
    ])
    func othersAreNotSalvaged(_ line: String) {
        for (_, transcript) in read(
            line.replacing("STATUS", with: line.contains("_STATUS") ? "STATUS" : status("one"))
        ) {
            for operation in Operation.allCases {
                #expect(
                    transcript.result(for: operation) == nil
                        && transcript.salvagedResult(for: operation) == nil
                )
            }
        }
    }

    @Test func longTextIsNotKept() {
        let text = String(repeating: "é", count: SalvagedResult.maxTextLength / 2)
        for (_, transcript) in read(text + status("one")).prefix(2) {
            #expect(transcript.salvagedResult(for: .check)?.textBefore == text)
        }
        for (_, transcript) in read("x" + text + status("one")).prefix(2) {
            let note = "[a text of \(SalvagedResult.maxTextLength + 1) bytes]"
            #expect(transcript.salvagedResult(for: .check)?.textBefore == note)
        }
    }

    /// Beyond what is held of a line, and of what may be quoted: its parts are found in the output all the same.
    @Test func resultsOfLongLinesAreSalvaged() throws {
        let padding = String(repeating: "x [1, {'a': ", count: 100_000)
        let schema = String(repeating: #""k":[1,2],"#, count: 200_000) + #""z":0"#
        let output =
            "\(padding){\"type\":\"CATALOG\",\"catalog\":{\"streams\":[{\"name\":\"s\",\"json_schema\":{\(schema)}}]}}\n"
        let bytes = Array(output.utf8)
        #expect(padding.utf8.count > MessageDecoder.maximumQuotedBytes)
        var reader = TranscriptReader(digestSeed: 1)
        for start in stride(from: 0, to: bytes.count, by: 65_536) {
            _ = reader.read(Array(bytes[start..<min(bytes.count, start + 65_536)]))
        }
        let result = try #require(reader.transcript.salvagedResult(for: .discover)?.result)
        guard case .catalog(let catalog) = result else {
            Issue.record("\(result)")
            return
        }
        let document = try CatalogConversion.writeDiscoverCatalogResult(
            catalog: catalog,
            sourceId: "s",
            connectorVersion: nil,
            configurationHash: nil
        )
        #expect(text(try text(of: document, from: bytes)).contains("\"jsonSchema\":{\(schema)}"))
    }

    /// Each could begin a value.
    @Test func textCanHoldVeryManyBrackets() {
        for text in ["[", "{", "{\"", "[1", "[[[x", "{\"a\"{", "'{", "\"TRACE\"[{"] {
            let line = String(repeating: text, count: 40_000 / text.utf8.count) + "\"CATALOG\""
            for bound in [0, Int.max] {
                var reader = TranscriptReader(kind: .source, digestSeed: 1, maxHeldLineLength: bound)
                _ = reader.read(Array(line.utf8))
                #expect(reader.finish().count == 1)
            }
        }
    }
}
