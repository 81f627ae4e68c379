import AirbyteProtocol
import HTTP
import ProtocolTestSupport
import Testing
import Workload

@testable import Fuzzing
@testable import Telemetry

/// A check that cannot fail finds nothing: each gets a subject with a fault that somebody could make.
@Suite struct BrokenSubjectTests {
    private func expectViolation(_ check: () throws -> Void) {
        #expect(throws: Violation.self, performing: check)
    }

    @Test func linesThatDependOnTheCutAreFound() {
        let input = Array("one\r\ntwo\rthree".utf8) + [5, 3, 200]
        #expect(throws: Never.self) { try FramerFuzzer.check(input) }
        expectViolation {
            // Takes `\r\n` that two chunks share for two ends.
            try FramerFuzzer.check(input) { pieces, bound in
                try pieces.flatMap { try FramerFuzzer.lines(of: [$0], bound: bound) }
            }
        }
    }

    @Test func aLenientReaderOfJSONIsFound() {
        let input = Array("[1] x".utf8)
        #expect(throws: Never.self) { try JSONFuzzer.check(input) }
        expectViolation {
            try JSONFuzzer.check(input) { try? JSONDocument(parsing: $0, trailing: .ignored).root }
        }
    }

    @Test func aStrictReaderOfJSONIsFound() {
        expectViolation { try JSONFuzzer.check(Array("[1]".utf8)) { _ in nil } }
    }

    @Test func aDecoderThatConfusesMessagesIsFound() {
        let line = Array(#"{"type":"LOG","log":{"level":"INFO","message":"a"}}"#.utf8)
        #expect(throws: Never.self) { try DecoderFuzzer.check(line) }
        expectViolation { try DecoderFuzzer.check(line) { _ in .message(.state) } }
        expectViolation {
            try DecoderFuzzer.check(line) { _ in
                .message(.log(ConnectorLog(level: .warn, message: "a")))
            }
        }
        expectViolation { try DecoderFuzzer.check(Array("text".utf8)) { _ in .message(.state) } }
    }

    @Test func aLongLineThatIsJudgedOtherwiseIsFound() {
        let input = Array("\(Line.spec)\n".utf8) + [9, 50, 3, 0]
        #expect(throws: Never.self) { try LongLinesFuzzer.check(input) }
        expectViolation {
            try LongLinesFuzzer.check(input) { output, kind, bound, chunks in
                let changed = output.map { $0 == UInt8(ascii: "5") ? UInt8(ascii: "6") : $0 }
                return try OutputReading(changed, kind: kind, maxHeldLineLength: bound, chunks: chunks)
            }
        }
    }

    @Test func anOutputThatDependsOnTheCutIsFound() {
        let input = Array("text\n\(Line.failed)\n".utf8) + [0, 3, 4, 0]
        #expect(throws: Never.self) { try TranscriptFuzzer.check(input) }
        expectViolation {
            try TranscriptFuzzer.check(input) { output, kind, chunks in
                try OutputReading(Array(output.dropFirst(chunks[0])), kind: kind)
            }
        }
    }

    @Test func aTraceThatIsToldInPartIsFound() {
        let input = Array("the message\0the rest\0".utf8) + [0, 80, 0]
        #expect(throws: Never.self) { try LenientTraceFuzzer.check(input) }
        expectViolation {
            try LenientTraceFuzzer.check(input) { _ in ErrorTrace(message: "the mess", emittedAt: 0) }
        }
    }

    @Test func aMaskWithoutAFormIsFound() {
        // The form is one of Base64.
        let input = Array("hunter22 / hunter22\0\0sent \0 to".utf8) + [0, 0, 1]
        #expect(throws: Never.self) { try MaskingFuzzer.check(input) }
        expectViolation {
            try MaskingFuzzer.check(input) { configuration in
                let secret = configuration[member: "password"]?.string ?? ""
                return { $0.replacing(secret, with: "**********") }
            }
        }
    }

    @Test func aMaskThatShowsACutSecretIsFound() {
        let input = Array("hunter22-hunter22\0\0sent \0 to".utf8) + [9, 12, 0, 0]
        #expect(throws: Never.self) { try MaskingFuzzer.check(input) }
        expectViolation {
            try MaskingFuzzer.check(input) { configuration in
                let mask = SecretMask(configurations: [configuration])
                return { $0.hasSuffix("…") ? $0 : mask.masked($0) }
            }
        }
    }

    @Test func anInputThatIsTakenWithoutAnOperationIsFound() throws {
        let taken = try SidecarInput(parsing: Array(#"{"workloadId":"w","operationType":"spec"}"#.utf8))
        expectViolation { try SidecarInputFuzzer.check(Array("[]".utf8)) { _ in taken } }
        expectViolation { try SidecarInputFuzzer.check(Array(#"{"workloadId":"w"}"#.utf8)) { _ in taken } }
    }

    @Test func anErrorThatQuotesAConfigurationIsFound() {
        let secret = "a long password"
        let input = #"{"checkConnectionInput":{"connectionConfiguration":{"p":"\#(secret)"}}}"#
        #expect(throws: Never.self) { try SidecarInputFuzzer.check(Array(input.utf8)) }
        expectViolation {
            try SidecarInputFuzzer.check(Array(input.utf8)) { (_) throws(SidecarInputError) in
                throw SidecarInputError(problem: "has a member p=\(secret)")
            }
        }
    }

    @Test func aWrongExitCodeIsFound() {
        expectViolation { try ExitCodeFuzzer.check(Array("1".utf8)) { _ in .code(0) } }
        expectViolation { try ExitCodeFuzzer.check(Array("1".utf8)) { _ in .unusable("a\nb") } }
    }

    @Test func aSettingOfAnotherLineIsFound() {
        let file = Array("A=1\n# B=2\n".utf8)
        #expect(throws: Never.self) { try SettingsFuzzer.check(file) }
        expectViolation { try SettingsFuzzer.check(file) { _ in ["A": "1", "# B": "2"] } }
    }

    @Test func aSummaryThatQuotesAnythingIsFound() {
        let input = Array("\nwords of a body".utf8) + [5]
        #expect(throws: Never.self) { try APIAnswerFuzzer.check(input) }
        expectViolation { try APIAnswerFuzzer.check(input) { response, _ in response.summary() } }
        expectViolation { try APIAnswerFuzzer.check(input) { _, _ in "two\nlines" } }
    }

    @Test func aMalformedPacketIsFound() {
        // One counter.
        let input: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        #expect(throws: Never.self) { try StatsDFuzzer.check(input) }
        expectViolation {
            try StatsDFuzzer.check(input) { aggregate, lines, packets in
                let leftOut = aggregate.write(with: lines, into: &packets)
                _ = packets.add {
                    $0 += "name 1|c\n".utf8
                    return true
                }
                return leftOut
            }
        }
    }

    @Test(arguments: [UInt8(0), 1, 2])
    func aMalformedRequestIsFound(_ signal: UInt8) {
        let input = Array("name\0text\0".utf8) + [UInt8](repeating: 1, count: 40) + [0, signal]
        #expect(throws: Never.self) { try OTLPFuzzer.check(input) }
        expectViolation {
            try OTLPFuzzer.check(input) { Array(OTLPWriter.request($0, resource: $1, items: $2).dropLast()) }
        }
        expectViolation {
            try OTLPFuzzer.check(input) {
                OTLPWriter.request($0, resource: $1, items: OTLPWriter($2.encoding))
            }
        }
    }
}
