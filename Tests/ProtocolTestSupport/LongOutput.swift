import AirbyteProtocol

/// A connector's output whose result is not held, with a file that may change.
package final class LongOutput {
    /// The file's content as it stands now.
    package var content: [UInt8]
    /// Ranges that were asked for, in order.
    package private(set) var asked: [Range<UInt64>] = []
    private let transcript: Transcript

    package init(_ line: String, kind: ConnectorKind = .source) {
        content = Array(line.utf8)
        var reader = TranscriptReader(kind: kind, digestSeed: 1, maxHeldLineLength: 100)
        _ = reader.read(content)
        _ = reader.finish()
        transcript = reader.transcript
    }

    /// A specification of several blocks.
    ///
    /// - Parameter broken: whether it has a byte in it that is no UTF-8, so that its length is not known.
    package static func spec(broken: Bool = false) -> LongOutput {
        let output = LongOutput(#"{"type":"SPEC","spec":\#(specText(broken: broken ? "\u{1}" : ""))}"#)
        guard broken else { return output }
        return LongOutput(breaking: output.content)
    }

    /// The specification's text as it is delivered.
    package static func specText(broken: String = "") -> String {
        let text = (0..<8_000).map { #"{"number \#($0)": "a \"text\", \ud83d\ude00 and é", "max":1.50}"# }
        return #"{"connectionSpecification":{"x":[\#(text.joined(separator: ", "))]},"end":"\#(broken)"}"#
    }

    /// The same output with bytes that are no UTF-8 in place of the control characters.
    private init(breaking content: [UInt8]) {
        self.content = content.map { $0 == 1 ? 0xFF : $0 }
        var reader = TranscriptReader(kind: .source, digestSeed: 1, maxHeldLineLength: 100)
        _ = reader.read(self.content)
        _ = reader.finish()
        transcript = reader.transcript
    }

    /// Gives what stands in the file.
    package var source: DocumentReader.Source {
        { [self] range in
            asked.append(range)
            return Array(content.dropFirst(Int(range.lowerBound)).prefix(range.count))
        }
    }

    /// The job output of the specification.
    package var jobOutput: OutputDocument { JobOutput(operation: .spec, spec: transcript.spec).document }

    /// The job output in a string, as the server API takes it: of a length that nobody knows.
    package var request: OutputDocument {
        .object({ $0.member("workloadId", "w-1") }, string: "output", holding: jobOutput)
    }

    /// The request that hands over a source's catalog.
    package func catalogRequest() throws -> OutputDocument {
        guard let catalog = transcript.catalog else { preconditionFailure("the output has no catalog") }
        return try CatalogConversion.writeDiscoverCatalogResult(
            catalog: catalog,
            sourceId: "s-1",
            connectorVersion: "1",
            configurationHash: "h"
        )
    }

    /// Changes a byte in the middle.
    package func spoil() { content[content.count / 2] ^= 0x01 }

    /// The text of a document as it is now.
    package func text(of document: OutputDocument) throws -> [UInt8] {
        let reader = DocumentReader(document, source: source)
        var text: [UInt8] = []
        while let bytes = try reader.next() { text += bytes }
        return text
    }
}
