import AirbyteProtocol
import SyntheticOutput
import Testing

@Suite struct LogFloodTests {
    private func lines(_ flood: LogFlood, seed: UInt64 = 1) -> [[UInt8]] {
        SyntheticOutput(seed: seed, [.logs(flood)]).bytes.split(separator: UInt8(ascii: "\n")).map(Array.init)
    }

    @Test(arguments: LogFlood.Form.allCases, [96, 100, 1_000])
    func linesHaveTheLengthThatIsAsked(_ form: LogFlood.Form, length: Int) {
        let flood = LogFlood(lines: 2_000, length: length, form: form, malformedShare: 0.5)
        let lines = self.lines(flood)
        #expect(lines.count == 2_000)
        #expect(lines.allSatisfy { $0.count == length })
        #expect(flood.byteCount == SyntheticOutput([.logs(flood)]).byteCount)
    }

    @Test func plainLinesAreNoMessages() {
        for line in lines(LogFlood(lines: 1_000, form: .plain)) {
            guard case .notAMessage(looksLikeRecord: false, _, _) = MessageDecoder().decode(line) else {
                Issue.record("\(String(decoding: line, as: UTF8.self))")
                return
            }
        }
    }

    @Test func aMixedFloodHasBoth() {
        let messages = lines(LogFlood(lines: 1_000, form: .mixed)).count { isMessage($0) }
        #expect((400...600).contains(messages))
    }

    @Test(arguments: [0, 0.001, 0.05, 0.5, 1])
    func theMalformedShareIsMetExactly(share: Double) {
        // Of plain lines none is a message, of broken ones those that readers repair.
        let flood = LogFlood(lines: 10_000, form: .message, malformedShare: share)
        let intact = SyntheticOutput([.logs(flood)]).bytes.split(separator: UInt8(ascii: "\n")).count {
            isMessage(Array($0)) && !$0.contains(0xFF) && $0.last == UInt8(ascii: "}")
        }
        #expect(intact == 10_000 - Int(10_000 * share))
    }

    @Test func brokenLinesAreReadAsExpected() {
        var found: [MalformedLine.Expectation: Int] = [:]
        let lines = self.lines(LogFlood(lines: 16_000, malformedShare: 1))
        for line in lines {
            found[Self.outcome(MessageDecoder().decode(line)), default: 0] += 1
        }
        for (expectation, count) in found {
            let kinds = MalformedLine.allCases.count { $0.expectation == expectation }
            let expected = Double(kinds * lines.count) / Double(MalformedLine.allCases.count)
            // Each kind has the same chance: six standard deviations.
            #expect(abs(Double(count) - expected) < 6 * expected.squareRoot(), "\(expectation)")
        }
        #expect(found.count == 4)
    }

    @Test func impossibleWishesBecomePossibleOnes() {
        #expect(LogFlood(lines: 1, length: 1).length == LogFlood.minLineLength)
        #expect(LogFlood(lines: 1, malformedShare: 3).malformedLines == 1)
        #expect(LogFlood(bytes: 1_010, length: 100).lines == 10)
    }

    private func isMessage(_ line: [UInt8]) -> Bool {
        if case .message = MessageDecoder().decode(line) { true } else { false }
    }

    private static func outcome(_ line: DecodedLine) -> MalformedLine.Expectation {
        switch line {
        case .message: .message
        case .dropped: .dropped
        case .notAMessage(looksLikeRecord: false, _, _), .salvaged: .notAMessage
        case .notAMessage(looksLikeRecord: true, _, _): .suspectedRecord
        }
    }
}
