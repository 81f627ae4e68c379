import Testing

@testable import AirbyteProtocol

/// A hole in the output reads as zero bytes. Skipping most of them changes nothing.
@Suite("Zero bytes that are skipped")
struct SkippedZerosTests {
    private static let status = #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#

    /// Of each line what stands before the hole and behind it.
    static let outputs: [(before: String, behind: String)] = [
        ("", status), (status, ""), (status + "\n", status), ("", ""), ("some text", "more text"),
        ("text", status), ("text " + status, "x"), (status, status), ("  ", "\n" + status),
        (#"{"type":"LOG","log":{"level":"INFO","message":""#, #"x"}}"#),
        (#"{"type":"CONNECTION_STATUS","connectionStatus":"#, #"{"status":"SUCCEEDED"}}"#),
        (#"{"a":[1,"#, #"]} "# + status), (#"{"type":"record","record":"#, "{}}"),
        (#"{"type":"#, #""record","record":{}}"#), ("caf\u{e9} ", " na\u{ef}ve"),
    ]

    private static func reading(
        _ before: String,
        zeros: Int,
        skipped: Int,
        _ behind: String
    ) -> (events: [TranscriptEvent], transcript: Transcript) {
        // The bound for long lines is as small as the output, so that lengths count.
        var reader = TranscriptReader(
            kind: .source,
            digestSeed: 1,
            maxHeldLineLength: LineFramer.maxHeldLineLength,
            tooLongLine: 1_000_000
        )
        var events = reader.read(Array(before.utf8))
        events += reader.read([UInt8](repeating: 0, count: zeros))
        if skipped > 0 { reader.skipZeros(UInt64(skipped)) }
        events += reader.read(Array((behind + "\n").utf8))
        return (events + reader.finish(), reader.transcript)
    }

    @Test(arguments: outputs)
    func nothingChanges(_ before: String, _ behind: String) {
        let zeros = TranscriptReader.minZerosBeforeSkip
        let expected = Self.reading(before, zeros: zeros + 3_000_000, skipped: 0, behind)
        let found = Self.reading(before, zeros: zeros, skipped: 3_000_000, behind)
        #expect(found.events == expected.events)
        #expect(found.transcript.tooLongLines == expected.transcript.tooLongLines)
        #expect(!expected.transcript.tooLongLines.isEmpty)
        #expect(found.transcript == expected.transcript)
    }

    /// What is read again later is asked for where it stands in the file.
    @Test func offsetsAreThoseOfTheFile() throws {
        let zeros = TranscriptReader.minZerosBeforeSkip
        let line = Array(#"{"type":"SPEC","spec":{"connectionSpecification":{"title":"x"}}}"#.utf8)
        let skipped: UInt64 = 1 << 60
        var reader = TranscriptReader(digestSeed: 1)
        _ = reader.read([UInt8](repeating: 0, count: zeros))
        reader.skipZeros(skipped)
        _ = reader.read(line + Array("\n".utf8))
        guard case .stored(let spec) = try #require(reader.transcript.spec) else {
            Issue.record("a long line is not held")
            return
        }
        let start = UInt64(zeros) + skipped
        #expect(spec.range.lowerBound > start)
        let text = line[Int(spec.range.lowerBound - start)..<Int(spec.range.upperBound - start)]
        #expect(String(decoding: text, as: UTF8.self) == #"{"connectionSpecification":{"title":"x"}}"#)
    }

    /// Repairs make each of these bytes three; the largest file has 2^63 − 1.
    @Test func largestHoleOverflowsNothing() {
        var reader = TranscriptReader(digestSeed: 1)
        _ = reader.read([UInt8](repeating: 0xFF, count: 3_000_000))
        _ = reader.read([UInt8](repeating: 0, count: TranscriptReader.minZerosBeforeSkip))
        reader.skipZeros(1 << 62)
        _ = reader.read([UInt8](repeating: 0, count: TranscriptReader.minZerosBeforeSkip))
        reader.skipZeros((1 << 62) - 10_000_000)
        _ = reader.read([UInt8](repeating: 0xFF, count: 100))
        _ = reader.finish()
        #expect(reader.transcript.tooLongLines.count == 1)
        #expect(reader.transcript.nonAirbyteMessageLogLine == 1)
    }
}
