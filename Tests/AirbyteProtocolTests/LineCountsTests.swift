import AirbyteProtocol
import Testing

@Suite struct LineCountsTests {
    private func reader(of text: String) -> TranscriptReader {
        var reader = TranscriptReader(kind: .source, digestSeed: 1)
        _ = reader.read(Array(text.utf8))
        _ = reader.finish()
        return reader
    }

    private func transcript(of text: String) -> Transcript { reader(of: text).transcript }

    @Test func allLinesAreCounted() {
        let line = #"{"type":"LOG","log":{"level":"INFO","message":"x"}}"#
        #expect(reader(of: "").lineCount == 0)
        #expect(reader(of: "\(line)\ntext\r\n\n{}\nend").lineCount == 5)
    }

    @Test func aLongLineIsOne() {
        let long = String(repeating: "x", count: 3 * 1_024 * 1_024)
        let reader = reader(of: "a\n\(long)\nb\n")
        let transcript = reader.transcript
        #expect(reader.lineCount == 3)
        #expect(transcript.nonAirbyteMessageLogLines.byLength.map(\.length) == [1, 1_000_000])
        #expect(transcript.nonAirbyteMessageLogLines.byLength.map(\.count) == [2, 1])
    }

    @Test(arguments: [(1, 1), (9, 1), (10, 10), (99, 10), (100, 100), (12_345, 10_000)])
    func lengthsAreRoundedDownToPowersOfTen(_ length: Int, _ rounded: Int) {
        let transcript = transcript(of: String(repeating: "y", count: length) + "\n")
        #expect(transcript.nonAirbyteMessageLogLines.byLength.map(\.length) == [rounded])
        #expect(transcript.nonAirbyteMessageLogLine == 1)
    }

    @Test func brokenRecordsHaveLengthsToo() {
        let transcript = transcript(of: #"{"type":"RECORD","record":{"stream":"s","data":{"a":1}"# + "\n")
        #expect(transcript.lineSkippedWithRecord == 1)
        #expect(transcript.linesSkippedWithRecord.byLength.map(\.length) == [10])
    }
}
