import TestSupport
import Testing

@testable import AirbyteProtocol

@Suite struct LastLinesTests {
    private func lastLines(_ output: String) -> [String] {
        var reader = TranscriptReader(digestSeed: 1)
        _ = reader.read(Array(output.utf8))
        _ = reader.finish()
        return reader.transcript.lastLines.lines
    }

    @Test func theLastTenInOrder() {
        for count in [0, 1, 9, 10, 11, 20, 25] {
            let output = (0..<count).map { "line \($0)\n" }.joined()
            #expect(lastLines(output) == (max(0, count - 10)..<max(count, 0)).map { "line \($0)" })
        }
    }

    @Test func messagesOfTheLogCountWithTheirStackTraces() {
        let output = """
            noise
            {"type":"LOG","log":{"level":"ERROR","message":"broken","stack_trace":"at x\\nat y"}}
            {"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED"}}
            """
        #expect(lastLines(output) == ["noise", "broken\nat x\nat y"])
    }

    @Test func whatLooksLikeARecordIsNotKept() {
        #expect(lastLines(#"{"type":"RECORD","record":{"stream":"s","data":{"name":"Jane"}"#) == [])
    }

    @Test func aLongLineIsNotKept() {
        let length = LastLines.longest
        #expect(lastLines(String(repeating: "x", count: length)).first?.utf8.count == length)
        #expect(lastLines(String(repeating: "x", count: length + 1)) == ["[a line of \(length + 1) bytes]"])
    }

    @Test func aLongMessageWithItsStackTraceIsNotKept() {
        let half = String(repeating: "x", count: LastLines.longest / 2 + 1)
        let output = #"{"type":"LOG","log":{"level":"ERROR","message":"\#(half)","stack_trace":"\#(half)"}}"#
        #expect(lastLines(output) == ["[a line of \(2 * half.utf8.count) bytes]"])
    }
}
