import TestSupport
import Testing

@testable import AirbyteProtocol

/// A text that is read again block by block is repaired as one that is held, wherever the blocks' boundaries lie.
@Suite struct StoredTextTests {
    /// What stands around the text on its line.
    private static let before = Array(#"{"type":"SPEC","spec":"#.utf8)
    private static let after = Array(#", "more": "\udc00"} "#.utf8) + [0x80]

    private static let texts: [[UInt8]] = {
        let escapes = [
            #""\ud83d\ude00""#, #""\ud800""#, #""\udc00x""#, #""\ud83d\ud83d\ude00\ude00""#,
            #""\\ud83d\ude00""#,
            #""\\\ud83d\\ude00""#, #""\ud83d\n\ude00""#, #""\uD83D\uDE00\uDBFF\uDFFF\uDBFF""#,
            #""\ud8zz\ud83""#,
            #""\ud83d\ude0"#, #""\ud83d\"#, #""\u00e9\/\u0000""#, #""漢é😀""#, #""plain""#, #""\""#,
        ].map { Array($0.utf8) }
        let broken: [[UInt8]] = [
            [0xFF], [0xC3], [0xE2, 0x82], [0xE2, 0x82, 0xE2, 0x82, 0xAC], [0xF0, 0x9F, 0x98],
            [0xED, 0xA0, 0x80],
            [0xED, 0xA0], [0xF4, 0x90, 0x80, 0x80], [0xC0, 0xAF], [0x80, 0x80, 0x80, 0x80],
            [0xF0, 0x80, 0x80],
            [0xE0, 0x80], [0xEF, 0xBF, 0xBD], [0xF0, 0x9F, 0x98, 0x80, 0xF0, 0x9F],
            Array(#"\ud83d"#.utf8) + [0xFF],
            [0xC3] + Array(#"\ud83d\ude00"#.utf8) + [0xC3],
            Array(#"\ud83d\u"#.utf8) + [0xE2] + Array("de00".utf8),
        ]
        return escapes + broken + [escapes.flatMap { $0 }, broken.flatMap { $0 + [0x2E] }, []]
    }()

    private static func stored(
        _ text: [UInt8],
        blockSize: Int,
        start: UInt64 = 500,
        isValidUTF8: Bool = false,
        hasSurrogateEscapes: Bool = true
    ) -> StoredText {
        var digester = BlockDigester(start: start, blockSize: blockSize, seed: 1)
        digester.append((before + text + after).span.bytes)
        let first = start + UInt64(before.count)
        return StoredText(
            range: first..<(first + UInt64(text.count)),
            source: StoredText.Source(
                digests: digester.finish(),
                isValidUTF8: isValidUTF8,
                hasSurrogateEscapes: hasSurrogateEscapes
            )
        )
    }

    /// Gives the line as it stands in the file.
    private static func source(_ text: [UInt8], start: Int = 500) -> DocumentReader.Source {
        let line = before + text + after
        return { Array(line[(Int($0.lowerBound) - start)..<(Int($0.upperBound) - start)]) }
    }

    private static func read(_ stream: StoredTextStream) throws -> [UInt8] {
        var result: [UInt8] = []
        while let bytes = try stream.next() { result += bytes }
        return result
    }

    /// What is made of a text in memory.
    private static func repaired(_ text: [UInt8]) -> [UInt8] {
        var result = UTF8Repair.text(of: text.span.bytes)
        LoneSurrogates.replace(in: &result, count: result.count)
        return result
    }

    @Test func repairDoesNotDependOnBlocks() throws {
        for text in Self.texts {
            let expected = Self.repaired(text)
            for blockSize in 1...max(24, text.count + 30) {
                let stored = Self.stored(text, blockSize: blockSize)
                let found = try Self.read(StoredTextStream(stored, Self.source(text)))
                guard found == expected else {
                    Issue.record("blocks of \(blockSize): \(text) becomes \(found), not \(expected)")
                    return
                }
            }
        }
    }

    /// Only what needs it is looked at; the length is known where it cannot change.
    @Test func textThatNeedsNoRepairIsPassedOn() throws {
        let text = Array(#""\ud800 \udc00 é""#.utf8)
        for blockSize in 1...40 {
            let verbatim = Self.stored(
                text,
                blockSize: blockSize,
                isValidUTF8: true,
                hasSurrogateEscapes: false
            )
            #expect(verbatim.count == text.count)
            #expect(try Self.read(StoredTextStream(verbatim, Self.source(text))) == text)
            let escaped = Self.stored(text, blockSize: blockSize, isValidUTF8: true)
            #expect(escaped.count == text.count)
            let found = try Self.read(StoredTextStream(escaped, Self.source(text)))
            #expect(found == Self.repaired(text) && found.count == text.count)
        }
        #expect(Self.stored(text, blockSize: 7).count == nil)
    }

    /// Wherever a byte is changed, what has been handed out by then is right, and nothing follows.
    @Test func changedTextIsNotReadOn() throws {
        let text = Array(#"{"text": "é\ud83d\ude00 and \ud800", "number": 1.50}"#.utf8)
        let expected = Self.repaired(text)
        for blockSize in [1, 5, 16, 1_000] {
            for place in 0..<(Self.before.count + text.count + Self.after.count) {
                let stored = Self.stored(text, blockSize: blockSize)
                let original = Self.source(text)
                let stream = StoredTextStream(stored) { range throws(DocumentError) in
                    var bytes = try original(range)
                    let offset = 500 + place - Int(range.lowerBound)
                    if bytes.indices.contains(offset) { bytes[offset] ^= 0x20 }
                    return bytes
                }
                var found: [UInt8] = []
                var error: DocumentError?
                do throws(DocumentError) {
                    while let bytes = try stream.next() { found += bytes }
                } catch let problem {
                    error = problem
                }
                let block = stored.digests.block(around: UInt64(500 + place))
                #expect(
                    (error != nil) == block.overlaps(stored.range),
                    "blocks of \(blockSize), byte \(place)"
                )
                #expect(error == nil ? found == expected : expected.starts(with: found))
            }
        }
    }

    /// A name of a megabyte would take many times as much memory while it is converted.
    @Test func elementThatIsTooLongWithoutItsSchemaIsNamed() throws {
        let name = String(repeating: "n", count: ElementSplitter.maxHeldElementLength + 1)
        let output = Array(
            (#"{"type":"CATALOG","catalog":{"streams":[{"name":"\#(name)","json_schema":{}}]}}"# + "\n").utf8
        )
        var reader = TranscriptReader(digestSeed: 1)
        _ = reader.read(output)
        let catalog = try #require(reader.transcript.catalog)
        let document = try CatalogConversion.writeDiscoverCatalogResult(
            catalog: catalog,
            sourceId: nil,
            connectorVersion: "",
            configurationHash: nil
        )
        let error = #expect(throws: DocumentError.self) { try text(of: document, from: output) }
        #expect(error?.message.contains("is too long: without its schema") == true)
    }
}
