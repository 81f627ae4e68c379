import Foundation
import ProtocolTestSupport
import Scheduling
import TestSupport
import Testing

@testable import AirbyteProtocol

/// What is read while it passes is what would have been read in memory: the same events, the same transcript, the same
/// documents, whatever the bound.
@Suite struct LongLineTests {
    /// Compares all ways of reading an output.
    static func compare(_ output: [UInt8], _ comment: Comment, bounds: [Int], chunks: [Int]) throws {
        for kind in [ConnectorKind.source, .destination] {
            let expected = try OutputReading(output, kind: kind)
            for bound in bounds {
                for chunk in chunks {
                    let found = try OutputReading(
                        output,
                        kind: kind,
                        maxHeldLineLength: bound,
                        chunks: [chunk]
                    )
                    #expect(found == expected, "\(comment), bound \(bound), chunks of \(chunk)")
                    if found != expected { return }
                }
            }
        }
    }
}

// MARK: - The corpus

extension LongLineTests {
    static let corpus: [(name: String, output: [UInt8])] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Corpus")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        let outputs = (files?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "output" }
        return outputs.sorted { $0.path < $1.path }.compactMap { file in
            (try? Data(contentsOf: file)).map { (file.path, [UInt8]($0)) }
        }
    }()

    @Test func corpusIsThere() {
        #expect(Self.corpus.count > 150)
    }

    /// Every output of the corpus at every bound that makes a difference, from where all lines are long to where none is:
    /// bounds between two lengths of lines treat the same lines in the same way.
    @Test func corpusReadsTheSameAtEveryBound() throws {
        for (name, output) in Self.corpus {
            let lines = output.split(omittingEmptySubsequences: false) { $0 == 0x0A || $0 == 0x0D }
            let lengths = Set(lines.map(\.count))
            let bounds = lengths.union(lengths.map { max(1, $0 - 1) }).union([1]).sorted()
            try Self.compare(output, "\(name)", bounds: bounds, chunks: [1 << 16])
        }
    }

    @Test func corpusReadsTheSameInSmallChunks() throws {
        for (name, output) in Self.corpus where output.count < 20_000 {
            try Self.compare(output, "\(name)", bounds: [1, 17], chunks: [1, 2, 3, 7, 64])
        }
    }
}

// MARK: - Messages that were made up

extension LongLineTests {
    static let lines: [String] = [
        #"{"type":"CATALOG","catalog":{"streams":[{"name":"a\u0062","json_schema":{"x":[1,{"y":"\ud83d\ude00\ud800"}]},"supported_sync_modes":["full_refresh","incremental"],"source_defined_primary_key":[["id"],["a","b"]],"default_cursor_field":["t"],"is_resumable":true}, null ,{"name":"b"}]}}"#,
        #"{"type":"CATALOG","catalog":{"streams":[{"name":"a"}],"streams":[{"name":"b"},{"name":"b"}]}}"#,
        #"{"type":"CATALOG","catalog":{"streams":[{"name":"a"}]},"catalog":{"streams":null}}"#,
        #"{"type":"CATALOG","catalog":{"streams":[{"name":"a"}]},"catalog":null}"#,
        #"{"type":"CATALOG","catalog":{"str\u0065ams":[{"name":"a","n\u0061me":"z","json_schema":7}]}}"#,
        #"{"type":"CATALOG","catalog":{"streams":[{"json_schema":{}}]}}"#,
        #"{"type":"CATALOG","catalog":{"streams":[{"name":null}]}}"#,
        #"{"type":"CATALOG","catalog":{"streams":[{"name":"x","json_schema":null},{"name":"y","json_schema":[]}]}}"#,
        #"{"type":"CATALOG","catalog":{"streams":[{"name":"x","supported_sync_modes":["other"]}]}}"#,
        #"{"type":"CATALOG","catalog":{"streams":[{"name":"x","source_defined_cursor":"yes"}]}}"#,
        #"{"type":"CATALOG","catalog":{"streams":{"name":"x"}}}"#,
        #"{"type":"CATALOG","catalog":{"streams":[7]}}"#, #"{"type":"CATALOG","catalog":{"streams":[]}} {"#,
        #"{"type":"CATALOG","catalog":{}}"#, #"{"type":"CATALOG"}"#,
        #"{"catalog":{"streams":[]},"type":"CATALOG"}"#,
        #"{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[{"object_name":"o","sync_mode":"append","json_schema":{"q":1.50},"matching_keys":[["a"],null]}]}}"#,
        #"{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[{"object_name":"o","sync_mode":"append"}]}}"#,
        #"{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[{"sync_mode":"append","json_schema":{}}]}}"#,
        #"{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[{"object_name":"o","sync_mode":"append","json_schema":"x"}]}}"#,
        #"{"type":"SPEC","spec":{"connectionSpecification":{"a":[1,2.50e+1,"\u00e9\/"],"b":{}},"x":{"deep":[[[]]]},"supportsDBT":true}}"#,
        #"{"type":"SPEC","spec":{"connectionSpecification":null}}"#, #"{"type":"SPEC","spec":{"x":1}}"#,
        #"{"type":"SPEC","spec":{"connectionSpecification":{}},"spec":{"connectionSpecification":{"second":"\ud800x\udc00"}}}"#,
        #"{"type":"SPEC","spec":{"connectionSpecification":"text","documentationUrl":5}}"#,
        #"{"type":"SPEC","spec":{"connectionSpecification":{},"advanced_auth":{"auth_flow_type":"oauth2.0","predicate_key":["a"]}}}"#,
        #"{"type":"SPEC","spec":{"connectionSpecification":{},"advanced_auth":{"auth_flow_type":"oauth3.0"}}}"#,
        #"{"type":"LOG","log":{"level":"INFO","message":"hello \"you\"\n\ud83d\ude00","stack_trace":"at x"}}"#,
        #"{"type":"LOG","log":{"level":"LOUD","message":"hello"}}"#,
        #"{"type":"LOG","log":{"level":"INFO"}}"#,
        #"{"type":"LOG","log":{"l\u0065vel":"WA\u0052N","message":""}}"#,
        #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"no \u0000 route","unknown":{"status":1}}}"#,
        #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1.7e12,"error":{"message":"m","internal_message":"i","stack_trace":"s","failure_type":"config_error","stream_descriptor":{"name":"n","namespace":"ns"}}}}"#,
        #"{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1,"stream_status":{"status":"RUNNING","reasons":[{"type":"RATE_LIMITED"}]}}}"#,
        #"{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1,"stream_status":{"status":"RUNNING","reasons":[{"type":"OTHER"}]}}}"#,
        #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"token":"ne\u0077","n":[1,{"a":null}]}}}}"#,
        #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":[]}}}"#,
        #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"a":1},"config":null}}}"#,
        #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":null,"config":{"b":"\ud800"}}}}"#,
        #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"a":1}},"connectorConfig":{}}}"#,
        #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"a":1}}},"control":{"type":"CONNECTOR_CONFIG","emitted_at":1}}"#,
        #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{ }}}}"#,
        #"{"type":"RECORD","record":{"stream":"s","data":{"x":1},"emitted_at":1}}"#,
        #"{"type":"RECORD","record":{"stream":"s","data":{},"emitted_at":1}}"#,
        #"{"type":"RECORD","record":{"stream":"s","data":[ ],"emitted_at":1}}"#,
        #"{"type":"RECORD","record":{"stream":"s","data":"x","emitted_at":1}}"#,
        #"{"type":"RECORD","record":{"stream":null,"data":[0],"emitted_at":1}}"#,
        #"{"type":"RECORD","record":{"stream":"s","data":{"x":1},"emitted_at":"late"}}"#,
        #"{"type":"STATE","state":{"type":"GLOBAL","global":{"stream_states":[{"stream_descriptor":{"name":"a"},"stream_state":{"c":[1]}}]}}}"#,
        #"{"type":null}"#, "{}", "{ }", #"{"a":[{"b":[{"c":[]}]}]}"#, #"{"type":"OTHER"}"#, #"{"type":5}"#,
        #"  \#t{"type":"LOG","log":{"level":"INFO","message":"indented"}}"#.replacing(#"\#t"#, with: "\t"),
        #"{"type":"CATALOG","catalog":{"streams":[{"name":1.50,"namespace":true,"source_defined_cursor":" TRUE ","is_resumable":0,"is_file_based":"","default_cursor_field":[7,false],"source_defined_primary_key":[[1,"a"]]}]}}"#,
        #"{"type":"CATALOG","catalog":{"streams":[{"name":"x","source_defined_cursor":1.0}]}}"#,
        #"{"type":"CATALOG","catalog":{"streams":[{"name":"x","source_defined_cursor":"\u0074rue"}]}}"#,
        #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":4.030}}"#,
        #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":[]}}"#,
        #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":" 1 ","connectorConfig":{"config":{"t":1}}}}"#,
        #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":" ","connectorConfig":{"config":{"t":1}}}}"#,
        #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":"x","connectorConfig":{"config":{"t":1}}}}"#,
        #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":"1.5","error":{"message":7,"internal_message":{},"stack_trace":false,"failure_type":"other","stream_descriptor":{"name":1}}}}"#,
        #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":"x","error":{"message":"m","stream_descriptor":5},"estimate":7},"log":[]}"#,
        #"{"type":"TRACE","trace":{"type":"ERROR","error":"boom"}}"#,
        #"{"type":"TRACE","trace":{"type":"ERROR","type":"OTHER","error":{"message":"m"}}}"#,
        #"{"type":"TRACE","trace":{"type":"ERROR","error":{"message":"m"},"error":[]}}"#,
        #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":****795,"error":{"message":"m \u00e****","internal_message":"i","failure_type":"config_error"}}}"#,
        #"{"type":"LOG","log":{"level":"INFO","message":"a"}}{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}} {"type":"SPEC","spec":{"connectionSpecification":{"a":"\ud800"}}}"#,
        #"{"a":1}{"type":"OTHER"} {"type":"CATALOG","catalog":{"streams":[{"name":"s"}]}}{"type":"RECORD","record":1}"#,
        #"loading  50%{"type":"CATALOG","catalog":{"streams":[{"name":"s","json_schema":{"a":[1,"\ud800"]}}]}} rest"#,
        #"[1/2] {'a': {}} {"type":"SPEC","spec":{"connectionSpecification":{"a":"é"}}}"#,
        #"{"type":"LOG","log":{"level":"ERROR","message":"a\nb"}} text {"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED"}}"#,
        #"text {"type":"TRACE","trace":{"type":"ERROR","emitted_at":"x","error":{"message":"m"}}}"#,
        #"text {"a":{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED"}}}{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[]}}"#,
        #"text [{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED"}}, oops {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#,
        #"{"a":{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED"}"#,
        "\0\0{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":\"behind zeros\"}}\0",
        "plain text", "plain \u{e9}\u{1f600} text", "{ not json", #"{"type": "RECORD", "Record": {broken"#,
        #"[{"type":"LOG"}]"#, #""text""#, "17", "", "   ", "{\"a\":\"\u{7f}\"}",
    ]

    @Test func messagesReadTheSame() throws {
        for line in Self.lines {
            let bytes = Array(line.utf8)
            let bounds = [0, 1, 2, 3, 5, bytes.count - 1, bytes.count].filter { $0 >= 0 }
            try Self.compare(bytes, "\(line)", bounds: bounds, chunks: [1 << 16])
            try Self.compare(bytes, "\(line)", bounds: [0], chunks: Array(1...max(1, bytes.count)))
        }
        let all = Array(Self.lines.joined(separator: "\r\n").utf8)
        try Self.compare(all, "all lines", bounds: [0, 1, 10, 100], chunks: [1, 13, 100, 1 << 16])
    }

    /// Each line with one byte changed, taken out or put in, in each place.
    @Test func damagedMessagesReadTheSame() throws {
        let bytes = Array(#"{}[]",:\/ut0e-+.x"#.utf8) + [0x00, 0x09, 0x1F, 0x80, 0xC3, 0xED, 0xFF]
        var random = SplitMix64(seed: 7)
        for line in Self.lines {
            let original = Array(line.utf8)
            for place in original.indices {
                var damaged = original
                let byte = bytes.randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<3, using: &random) {
                case 0: damaged[place] = byte
                case 1: damaged.remove(at: place)
                default: damaged.insert(byte, at: place)
                }
                let chunk = Int.random(in: 1...20, using: &random)
                try Self.compare(damaged, "\(text(damaged))", bounds: [0], chunks: [chunk])
            }
        }
    }

    /// Lines of several messages, values and texts, in any order.
    @Test func joinedMessagesReadTheSame() throws {
        let separators = [
            "", "", " ", "\0", "text ", "[", "[1, ", "{", "{\"", "{\"a\":", "\"", "'", "]", "}", ",",
            "\u{e9}",
        ]
        var random = SplitMix64(seed: 11)
        for _ in 0..<600 {
            var line = separators.randomElement(using: &random) ?? ""
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                line += Self.lines.randomElement(using: &random) ?? ""
                line += separators.randomElement(using: &random) ?? ""
            }
            let chunk = Int.random(in: 1...40, using: &random)
            try Self.compare(Array(line.utf8), "\(line)", bounds: [0], chunks: [chunk])
        }
    }

    /// Elements that are too long to be held as a whole.
    @Test func longElementsAreConvertedTheSame() throws {
        let padding = String(
            repeating: #"{"type":["null","string"],"description":"\u00e9 \ud83d\ude00 and \ud800"},"#,
            count: 20_000
        )
        let schema = #"{"type":"object","properties":{"x":[\#(padding)1]}}"#
        let streams =
            #"{"name":"small","json_schema":{}},{"source_defined_primary_key":[["a"],["b","c"]],"json_schema":\#(schema),"name":"lo\u006eg","supported_sync_modes":["incremental"],"unknown":[1]},{"name":"last"}"#
        let operations =
            #"{"object_name":"o","json_schema":\#(schema),"sync_mode":"append","matching_keys":[["a"]]}"#
        let output = """
            {"type":"CATALOG","catalog":{"streams":[\(streams)]}}
            {"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[\(operations)]}}
            {"type":"SPEC","spec":{"connectionSpecification":\(schema)}}
            """
        var bytes = Array(output.utf8)
        // Nothing is said about a schema that is not held.
        let held = try OutputReading(bytes, maxHeldLineLength: .max).documents
        #expect(held.count == 5)
        #expect(try OutputReading(bytes, maxHeldLineLength: 1_000).documents == held)
        // With text that needs a repair, in each of the three.
        for (place, byte) in bytes.enumerated() where byte == UInt8(ascii: "a") && place % 13 == 0 {
            bytes[place] = 0xE2
        }
        let repaired = try OutputReading(bytes, maxHeldLineLength: .max).documents
        #expect(repaired != held)
        #expect(try OutputReading(bytes, maxHeldLineLength: 1_000).documents == repaired)
    }
}
