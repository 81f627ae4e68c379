import Scheduling
import TestSupport
import Testing

@testable import AirbyteProtocol

/// The shortcut for log lines has to say what the parser says, or nothing.
@Suite struct PlainLogLineTests {
    private func compare(_ line: [UInt8]) {
        let decoder = MessageDecoder()
        guard let log = PlainLogLine.log(line.span.bytes) else { return }
        #expect(
            DecodedLine.message(.log(log)) == decoder.decodeSingleJSON(line.span.bytes),
            "\(String(decoding: line, as: UTF8.self))"
        )
    }

    @Test(
        arguments: LogLevel.allCases,
        ["", "a", "seven b", "eight by", "größe, 漢字, 🚀", "{[:,]}", "\u{7F}\u{80}"]
    )
    func takesWhatLibrariesWrite(_ level: LogLevel, message: String) {
        for line in [
            #"{"type":"LOG","log":{"level":"\#(level.rawValue)","message":"\#(message)"}}"#,
            #"{"type": "LOG", "log": {"level": "\#(level.rawValue)", "message": "\#(message)"}}"#,
        ].map({ Array($0.utf8) }) {
            #expect(PlainLogLine.log(line.span.bytes) == ConnectorLog(level: level, message: message))
            compare(line)
        }
    }

    @Test(arguments: [
        "", "{", #"{"type":"LOG"}"#, #"{"type":"LOG","log":{"level":""#,
        #"{"type":"LOG","log":{"level":"INFO""#, #"{"type":"LOG","log":{"level":"INFO","message":""#,
        #"{"type":"LOG","log":{"level":"INFO","message":"}}"#,
        #"{"type":"LOG","log":{"level":"INFO","message":""}"#,
        #"{"type":"LOG","log":{"level":"NOTICE","message":"a"}}"#,
        #"{"type":"LOG","log":{"level":"INFOS","message":"a"}}"#,
        #"{"type": "LOG", "log": {"level": "INFO","message":"a"}}"#,
        #"{"type":"LOG","log":{"level":"INFO", "message": "a"}}"#,
        #" {"type":"LOG","log":{"level":"INFO","message":"a"}}"#,
        #"{"type":"LOG","log":{"level":"INFO","message":"a\n"}}"#,
        #"{"type":"LOG","log":{"level":"INFO","message":"a","stack_trace":"b"}}"#,
        #"{"type":"LOG","log":{"level":"INFO","message":"a"}} "#,
        #"{"type":"LOG","log":{"level":"INFO","message":"a"},"log":null}"#,
        #"{"type":"LOG","log":{"level":"INFO","message":"a","message":"b"}}"#,
        "{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":\"a\tb\"}}",
    ])
    func leavesTheRestToTheParser(_ line: String) {
        #expect(PlainLogLine.log(Array(line.utf8).span.bytes) == nil)
    }

    @Test func leavesBrokenTextToTheParser() {
        for broken: [UInt8] in [
            [0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF4, 0x90, 0x80, 0x80],
        ] {
            let line =
                Array(#"{"type":"LOG","log":{"level":"INFO","message":"a"#.utf8) + broken
                + Array(#"b"}}"#.utf8)
            #expect(PlainLogLine.log(line.span.bytes) == nil)
        }
    }

    /// Every byte of a line replaced by every other, left out and put twice.
    @Test(arguments: [
        #"{"type":"LOG","log":{"level":"WARN","message":"some text of é"}}"#,
        #"{"type": "LOG", "log": {"level": "WARN", "message": "some text of é"}}"#,
    ])
    func saysNothingThatTheParserDoesNot(_ text: String) {
        let line = Array(text.utf8)
        for index in line.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = line
                changed[index] = byte
                compare(changed)
                changed.insert(line[index], at: index)
                compare(changed)
            }
            var shorter = line
            shorter.remove(at: index)
            compare(shorter)
            compare(Array(line[..<index]))
        }
    }
}

/// The shortcut for lines for people has to say what the decoder says, or nothing.
@Suite struct PlainLineShortcutTests {
    private static let parts =
        [
            "{", "\"", "'", "C", "CATALOG", "\"SPEC\"", "'TRACE'", " ", "\t", "\0", "text", "größe", "→", "🚀",
            "\u{7F}",
            #"{"type":"RECORD","record":{"#, #"{"type":"LOG"}"#, "}", "[", "1",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80]]

    /// Lines made of parts that mean something, in an order that chance decides.
    @Test(arguments: 0..<20)
    func saysNothingThatTheDecoderDoesNot(_ seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        let decoder = MessageDecoder()
        var plain = 0
        for _ in 0..<1_000 {
            let count = Int.random(in: 0...6, using: &random)
            let line = (0..<count).flatMap { _ in Self.parts.randomElement(using: &random) ?? [] }
            guard decoder.isPlain(line.span.bytes) else { continue }
            plain += 1
            let text = String(decoding: line, as: UTF8.self)
            #expect(
                decoder.decodeSingleJSON(line.span.bytes)
                    == .notAMessage(looksLikeRecord: false, text: text, named: []),
                "\(text)"
            )
        }
        #expect(plain > 100)
    }

    /// The reader gives the same of each line, whether it takes a shortcut or not.
    @Test(arguments: [
        "", "plain", "{'thread': 'main'} text", "{ 1",
        #"{"type":"LOG","log":{"level":"ERROR","message":"m"}}"#, "größe → x", "\u{1B}[31mred",
    ])
    func readerTellsWhatTheDecoderTells(_ line: String) {
        var reader = TranscriptReader(digestSeed: 1)
        var transcript = Transcript()
        let events: [TranscriptEvent] = reader.read(Array("\(line)\n".utf8))
        let decoded = MessageDecoder().decodeSingleJSON(Array(line.utf8).span.bytes)
        switch decoded {
        case .message(.log(let log))?: #expect(events == [.connectorLog(log)])
        case .notAMessage(_, let text, _)?: #expect(events == [.plainLine(text)])
        default: Issue.record("\(line) is something else")
        }
        if let decoded { transcript.consume(decoded) }
        #expect(reader.transcript == transcript)
    }
}
