import AirbyteProtocol
import HTTP
import ProtocolTestSupport
import TestSupport
import Testing

@testable import Workload

/// Bodies of calls whose parts are read again for each attempt.
@Suite struct CallBodyTests {
    private func generated(_ body: CallBody) throws -> HTTPGeneratedBody {
        guard case .generated(let generated) = body.body else { throw Missing() }
        return generated
    }

    private struct Missing: Error {}

    /// All that a reader gives in pieces of at most so many bytes.
    private func read(_ reader: HTTPGeneratedBody.Reader, limit: Int = 50_000) throws -> [UInt8] {
        var text: [UInt8] = []
        while true {
            var piece: [UInt8] = []
            try reader(&piece, limit)
            #expect(piece.count <= limit)
            guard !piece.isEmpty else { return text }
            text += piece
        }
    }

    private func problem(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return (error as? HTTPBodyError)?.message ?? (error as? DocumentError)?.message ?? "\(error)"
        }
    }

    @Test func heldBytesStayBytes() {
        let body = CallBody(OutputDocument([1, 2, 3]), source: noConnectorOutput)
        guard case .bytes(let bytes) = body.body else {
            Issue.record("\(body.body) is made")
            return
        }
        #expect(bytes == [1, 2, 3])
        #expect(!body.lacksLength)
        #expect(body.catalogFindings == nil)
    }

    @Test func knownLengthIsTold() throws {
        let output = LongOutput.spec()
        let body = CallBody(output.jobOutput, source: output.source)
        #expect(!body.lacksLength)
        let generated = try generated(body)
        let text = try read(generated.makeReader())
        #expect(generated.count == Int64(text.count))
        #expect(
            String(decoding: text, as: UTF8.self)
                == #"{"outputType":"spec","spec":\#(LongOutput.specText()),"connectorConfigurationUpdated":false}"#
        )
    }

    @Test(arguments: [true, false])
    func unknownLengthIsCounted(_ inString: Bool) throws {
        let output = LongOutput.spec(broken: true)
        let document = inString ? output.request : output.jobOutput
        let body = CallBody(document, source: output.source)
        #expect(body.lacksLength)
        #expect(try generated(body).count == nil)
        let text = try read(generated(body).makeReader())
        #expect(text == (try output.text(of: document)))
        try body.countLength()
        #expect(!body.lacksLength)
        #expect(try generated(body).count == Int64(text.count))
        #expect(try read(generated(body).makeReader()) == text)
    }

    @Test func lengthOfAChangedOutputIsNotCounted() throws {
        let output = LongOutput.spec()
        let body = CallBody(output.request, source: output.source)
        output.spoil()
        #expect(problem { try body.countLength() }?.contains("was changed") == true)
        #expect(body.lacksLength)
        #expect(try generated(body).count == nil)
    }

    /// Whatever has become of the attempt before.
    @Test func eachReaderBeginsAtTheBeginning() throws {
        let output = LongOutput.spec()
        let generated = try generated(CallBody(output.request, source: output.source))
        let expected = try output.text(of: output.request)
        let first = try generated.makeReader()
        var piece: [UInt8] = []
        try first(&piece, 200_000)
        #expect(!piece.isEmpty && expected.starts(with: piece))
        #expect(try read(generated.makeReader()) == expected)
        #expect(
            try read(first) == Array(expected.dropFirst(piece.count)),
            "and the first goes on where it was"
        )
    }

    @Test(arguments: [1, 7, 65_536, .max])
    func piecesAreAsLongAsTheyMayBe(_ limit: Int) throws {
        let output = LongOutput(
            #"{"type":"SPEC","spec":{"connectionSpecification":"\#(text(ofLength: 900))"}}"#
        )
        let generated = try generated(CallBody(output.request, source: output.source))
        #expect(try read(generated.makeReader(), limit: limit) == (try output.text(of: output.request)))
    }

    @Test func changedOutputEndsTheBody() throws {
        let output = LongOutput.spec()
        let generated = try generated(CallBody(output.request, source: output.source))
        let reader = try generated.makeReader()
        var piece: [UInt8] = []
        try reader(&piece, 10)
        output.spoil()
        #expect(problem { _ = try read(reader) }?.contains("was changed while its result") == true)
    }

    @Test func findingsAreThoseOfTheCatalogThatWasSent() throws {
        let streams = (0..<100).map { _ in #"{"name":"same","json_schema":{"type":"object"}}"# }
        let list = streams.joined(separator: ",")
        let output = LongOutput(#"{"type":"CATALOG","catalog":{"streams":[\#(list)]}}"#)
        let body = CallBody(try output.catalogRequest(), source: output.source)
        #expect(body.catalogFindings == nil)
        try body.countLength()
        #expect(body.catalogFindings == nil, "counted is not sent")
        let reader = try generated(body).makeReader()
        #expect(body.catalogFindings == nil)
        _ = try read(reader)
        #expect(body.catalogFindings?.total == 99)
        _ = try read(generated(body).makeReader())
        #expect(body.catalogFindings?.total == 99, "told once, however often it is sent")
    }
}
