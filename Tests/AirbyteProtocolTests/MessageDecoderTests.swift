import TestSupport
import Testing

@testable import AirbyteProtocol

@Suite struct MessageDecoderTests {
    /// What became of a line, in one word and its details.
    private func outcome(_ line: [UInt8], kind: ConnectorKind = .source) -> String {
        let decoder = MessageDecoder(kind: kind)
        switch decoder.decode(line) {
        case .dropped(let message): return "dropped: \(message.description)"
        case .salvaged(let message, let textBefore): return "behind \(textBefore): \(describe(message))"
        case .notAMessage(let looksLikeRecord, let text, _):
            return looksLikeRecord
                ? "record, \(text.utf16.count)" : "no message, \(text.utf16.count): \(text)"
        case .message(let message): return describe(message)
        }
    }

    private func describe(_ message: ProtocolMessage) -> String {
        switch message {
        case .log(let log): "log \(log.level) \(log.message) \(log.stackTrace ?? "-")"
        case .spec(let spec): "spec \(text(spec.value?.rawJSON ?? []))"
        case .connectionStatus(let status): "status \(status.status) \(status.message ?? "-")"
        case .catalog(let catalog): "catalog \(text(catalog.value?.rawJSON ?? []))"
        case .destinationCatalog(let catalog): "destination catalog \(text(catalog.value?.rawJSON ?? []))"
        case .errorTrace(let trace):
            "error \(trace.message ?? "-") at \(trace.emittedAt ?? -1), \(trace.hasError)"
        case .otherTrace: "other trace"
        case .control(let config): "config \(config.map { text($0.rawJSON) } ?? "-")"
        case .record: "record message"
        case .state: "state"
        }
    }

    @Test(arguments: [
        (#"{"type":"LOG","log":{"level":"INFO","message":"hello"}}"#, "log info hello -"),
        (
            #"{"type":"LOG","log":{"level":"FATAL","message":"a\nb","stack_trace":"at x"}}"#,
            "log fatal a\nb at x"
        ),
        (#"{"type":"LOG","log":{"level":"WARN","message":"\ud800é","stack_trace":null}}"#, "log warn ?é -"),
        (#"{"log":{"message":"m","level":"TRACE"},"type":"LOG"}"#, "log trace m -"),
        (
            #"{"type":"SPEC","spec":{ "connectionSpecification": {"a" : 1.0e0}, "x":[1.10] }}"#,
            #"spec { "connectionSpecification": {"a" : 1.0e0}, "x":[1.10] }"#
        ),
        (
            #"{"type":"SPEC","spec":{"connectionSpecification":null}}"#,
            #"spec {"connectionSpecification":null}"#
        ),
        (#"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#, "status succeeded -"),
        (
            #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"no"}}"#,
            "status failed no"
        ),
        (#"{"type":"CATALOG","catalog":{"streams":[]}}"#, #"catalog {"streams":[]}"#),
        (
            #"{"type":"CATALOG","catalog":{"streams":[{"name":"a","x":1}]}}"#,
            #"catalog {"streams":[{"name":"a","x":1}]}"#
        ),
        (
            #"{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[]}}"#,
            #"destination catalog {"operations":[]}"#
        ),
        (
            #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1.7e12,"error":{"message":"m"}}}"#,
            "error m at 1700000000000, true"
        ),
        (#"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1.9}}"#, "error - at 1, false"),
        (
            #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":-1.9,"error":null}}"#,
            "error - at -1, false"
        ),
        (
            #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1e300,"error":{}}}"#,
            "error - at \(Int64.max), true"
        ),
        (
            #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":-1e999,"error":{}}}"#,
            "error - at \(Int64.min), true"
        ),
        (#"{"type":"TRACE","trace":{"type":"ERROR","error":{"message":"m"}}}"#, "error m at -1, true"),
        (#"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":null}}"#, "error - at -1, false"),
        (#"{"type":"TRACE","trace":{"type":"ESTIMATE","emitted_at":1}}"#, "other trace"),
        (
            #"{"type":"TRACE","trace":{"type":"ANALYTICS","emitted_at":1,"error":{"message":"m"}}}"#,
            "other trace"
        ),
        (
            #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"a":1.0}}}}"#,
            #"config {"a":1.0}"#
        ),
        (
            #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":null}}}"#,
            "config -"
        ),
        (#"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1}}"#, "config -"),
        (#"{"type":"STATE","state":{}}"#, "state"),
        (#"{"type":"RECORD","record":{"stream":"s","data":{"a":1}}}"#, "record message"),
        (#"{"type":"RECORD","record":{"stream":"s","data":[null]}}"#, "record message"),
        // Duplicates, white space, what follows.
        (
            #"{"type":"SPEC","type":"LOG","log":{"level":"INFO","message":"a"},"log":{"level":"WARN","message":"b"}}"#,
            "log warn b -"
        ),
        (" \t{\"type\" : \"LOG\" , \"log\" : {\"level\":\"INFO\",\"message\":\"m\"} } ", "log info m -"),
        (#"{"type":"STATE","state":{}}{"type":"LOG"}"#, "state"),
        (#"{"type":"STATE","state":{}} "unclosed"#, "state"),
        ("{\"type\":\"STATE\",\"state\":{}}\u{1}\"\u{2}", "state"),
        (#"{"type":"STATE","state":{}}]}"#, "state"),
    ])
    func decodesMessages(_ line: String, _ expected: String) {
        #expect(outcome(Array(line.utf8)) == expected)
    }

    @Test func decodesErrorTraces() throws {
        let line = """
            {"type":"TRACE","trace":{"type":"ERROR","emitted_at":1690000000000.5,\
            "error":{"message":"for users",\
            "internal_message":"for operators","stack_trace":"at x\\nat y","failure_type":"config_error",\
            "stream_descriptor":{"name":"users","namespace":"public"},"more":1}}}
            """
        let decoder = MessageDecoder()
        guard case .message(.errorTrace(let trace)) = decoder.decode(Array(line.utf8)) else {
            Issue.record("not an error trace")
            return
        }
        let expected = ErrorTrace(
            message: "for users",
            internalMessage: "for operators",
            stackTrace: "at x\nat y",
            failureType: .configError,
            streamDescriptor: StreamDescriptor(name: "users", namespace: "public"),
            emittedAt: 1_690_000_000_000
        )
        #expect(trace == expected)
        let bare =
            #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":5,"error":{"stream_descriptor":{}}}}"#
        guard case .message(.errorTrace(let trace)) = decoder.decode(Array(bare.utf8)) else {
            Issue.record("not an error trace")
            return
        }
        #expect(trace == ErrorTrace(streamDescriptor: StreamDescriptor(name: nil), emittedAt: 5))
    }

    /// Members that a type requires, absent and null.
    @Test(arguments: [
        ("{}", "type"), (#"{"type":null}"#, "type"), (#"{"log":{"level":"INFO","message":"m"}}"#, "type"),
        (#"{"type":"LOG"}"#, "LOG"), (#"{"type":"LOG","log":null}"#, "LOG"),
        (#"{"type":"LOG","log":{"level":"INFO"}}"#, "LOG"),
        (#"{"type":"LOG","log":{"message":"m"}}"#, "LOG"),
        (#"{"type":"LOG","log":{"level":null,"message":"m"}}"#, "LOG"),
        (#"{"type":"LOG","log":{"level":"INFO","message":null}}"#, "LOG"),
        (#"{"type":"LOG","log":{"level":"INFO","message":"m","message":null}}"#, "LOG"),
        (#"{"type":"SPEC"}"#, "SPEC"), (#"{"type":"SPEC","spec":{}}"#, "SPEC"),
        (#"{"type":"SPEC","spec":null}"#, "SPEC"),
        (#"{"type":"CONNECTION_STATUS"}"#, "CONNECTION_STATUS"),
        (#"{"type":"CONNECTION_STATUS","connectionStatus":{"message":"m"}}"#, "CONNECTION_STATUS"),
        (#"{"type":"CONNECTION_STATUS","connectionStatus":{"status":null}}"#, "CONNECTION_STATUS"),
        (#"{"type":"CATALOG"}"#, "CATALOG"), (#"{"type":"CATALOG","catalog":null}"#, "CATALOG"),
        (#"{"type":"DESTINATION_CATALOG","catalog":{}}"#, "DESTINATION_CATALOG"),
        (#"{"type":"CATALOG","catalog":{}}"#, "CATALOG without streams"),
        (#"{"type":"CATALOG","catalog":{"streams":null}}"#, "CATALOG without streams"),
        (#"{"type":"CATALOG","catalog":{"streams":[],"streams":null}}"#, "CATALOG without streams"),
        (
            #"{"type":"DESTINATION_CATALOG","destination_catalog":{}}"#,
            "DESTINATION_CATALOG without operations"
        ),
        (
            #"{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":null}}"#,
            "DESTINATION_CATALOG without operations"
        ),
        (#"{"type":"TRACE"}"#, "TRACE"), (#"{"type":"TRACE","trace":{"type":"ESTIMATE"}}"#, "TRACE"),
        (#"{"type":"TRACE","trace":{"emitted_at":1,"error":{}}}"#, "TRACE"),
        (#"{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":null}}"#, "TRACE"),
        (#"{"type":"CONTROL"}"#, "CONTROL"),
        (#"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG"}}"#, "CONTROL"),
        (#"{"type":"CONTROL","control":{"emitted_at":1,"connectorConfig":{"config":{}}}}"#, "CONTROL"),
        (#"{"type":"STATE"}"#, "STATE"), (#"{"type":"RECORD"}"#, "RECORD"),
        (#"{"type":"RECORD","record":{"data":{"a":1}}}"#, "RECORD"),
        (#"{"type":"RECORD","record":{"stream":"s"}}"#, "RECORD"),
        (#"{"type":"RECORD","record":{"stream":"s","data":{}}}"#, "RECORD"),
        (#"{"type":"RECORD","record":{"stream":"s","data":null}}"#, "RECORD"),
        (#"{"type":"RECORD","record":{"stream":"s","data":[]}}"#, "RECORD"),
        (#"{"type":"RECORD","record":{"stream":"s","data":"x"}}"#, "RECORD"),
    ])
    func dropsIncompleteMessages(_ line: String, _ type: String) {
        let outcome = outcome(Array(line.utf8))
        #expect(outcome.hasPrefix("dropped: "))
        #expect(outcome.contains(type))
    }

    @Test func takesAnyRecordOfADestination() {
        #expect(outcome(Array(#"{"type":"RECORD"}"#.utf8), kind: .destination) == "record message")
        #expect(outcome(Array(#"{"type":"RECORD","record":1}"#.utf8), kind: .destination) == "record, 28")
    }

    @Test(arguments: [
        "", " ", "plain text", "null", "1", "true", #""{}""#, "[]", #"[{"type":"STATE","state":{}}]"#, "{",
        "{]",
        "{\"a\":\"\t\"}", #"x {"type":"STATE","state":{}}"#, "\u{FEFF}{\"type\":\"STATE\",\"state\":{}}",
        #"{"type":"state"}"#,
        #"{"type":1}"#, #"{"type":"STATE","state":{}"#, "{\"a\":\"unclosed", "é漢😀",
        #"{"type":"STATE","state":{},}"#,
    ])
    func quotesOtherLines(_ line: String) {
        #expect(outcome(Array(line.utf8)) == "no message, \(line.utf16.count): \(line)")
    }

    @Test(arguments: [
        #"{"type":"RECORD","record":"#, #"error at {"type":"RECORD","record":{"stream":"s"}} here"#,
        #"{"type":"record","record":1}"#,
        "{ \"type\" :\t\"Record\",\u{b}\u{c}\"RECORD\" : {", #"{{"type":"record","record":{}}"#,
        #"{"type":{"type":"record","record":"#,
        #"["{"type":"RECORD","record":{}}"]"#,
    ])
    func suspectsRecords(_ line: String) {
        #expect(outcome(Array(line.utf8)) == "record, \(line.utf16.count)")
    }

    @Test(arguments: [
        #"{"type":"RECORD","x":"#, #"{"record":{"type":"RECORD"}"#, #"{"type":"RECORD","record""#,
        #"{"type":"RECORDS","record":"#,
        #""type":"RECORD","record":"#, #"{type:"RECORD","record":"#, #"{\"type\":\"RECORD\",\"record\":"#,
    ])
    func doesNotSuspectOthers(_ line: String) {
        #expect(outcome(Array(line.utf8)) == "no message, \(line.utf16.count): \(line)")
    }

    @Test func repairsText() {
        let line: [UInt8] =
            Array(#"{"type":"LOG","log":{"level":"INFO","message":"a"#.utf8) + [0xFF, 0xED, 0xA0, 0x80]
            + Array(#"b"}}"#.utf8)
        #expect(outcome(line) == "log info a\u{FFFD}\u{FFFD}b -")
        #expect(outcome([0x61, 0xC3]) == "no message, 2: a\u{FFFD}")
    }

    @Test func boundsQuotations() {
        let bound = MessageDecoder.maximumQuotedBytes
        let fitting = String(repeating: "x", count: bound)
        #expect(outcome(Array(fitting.utf8)) == "no message, \(bound): \(fitting)")
        // The bound falls into the middle of a character.
        let tooLong = String(repeating: "x", count: bound - 1) + "é" + String(repeating: "y", count: 10)
        let expected = String(repeating: "x", count: bound - 1) + "… (12 more bytes)"
        #expect(outcome(Array(tooLong.utf8)) == "no message, \(expected.utf16.count): \(expected)")
    }

    /// Nested as deep as JSON may be, in a member that nobody knows and in one that is passed on.
    @Test func acceptsDeepMessages() {
        for name in ["x", "connectionSpecification"] {
            func line(_ depth: Int) -> String {
                let brackets = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
                return #"{"type":"SPEC","spec":{"connectionSpecification":1,"\#(name)":\#(brackets)}}"#
            }
            #expect(outcome(Array(line(998).utf8)).hasPrefix("spec"))
            #expect(outcome(Array(line(999).utf8)).hasPrefix("no message"))
            #expect(outcome(Array(line(100_000).utf8)).hasPrefix("no message"))
        }
    }
}
