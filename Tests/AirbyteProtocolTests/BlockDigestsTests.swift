import Testing

@testable import AirbyteProtocol

/// Digests of what was read, and the reader that believes nothing else.
@Suite struct BlockDigestsTests {
    private static let size = 64
    private static let start: UInt64 = 1_000
    /// Three blocks and a short one.
    private static let content = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    private static let blocks: [Range<UInt64>] = [1_000..<1_064, 1_064..<1_128, 1_128..<1_192, 1_192..<1_200]

    private static func digests(of content: [UInt8] = content, chunk: Int = 200, seed: UInt64 = 1)
        -> BlockDigests
    {
        var digester = BlockDigester(start: start, blockSize: size, seed: seed)
        for first in stride(from: 0, to: content.count, by: chunk) {
            digester.append(content[first..<min(first + chunk, content.count)].span.bytes)
        }
        return digester.finish()
    }

    private static func bytes(_ block: Range<UInt64>, of content: [UInt8] = content) -> [UInt8] {
        Array(content.dropFirst(Int(block.lowerBound - start)).prefix(block.count))
    }

    @Test func blocksAreWhereTheyWere() {
        let digests = Self.digests()
        #expect(digests.range == 1_000..<1_200)
        for offset in digests.range {
            #expect(digests.block(around: offset) == Self.blocks.first { $0.contains(offset) })
        }
        for block in Self.blocks { #expect(digests.match(Self.bytes(block), in: block)) }
    }

    @Test func piecesDoNotMatter() {
        for chunk in 1..<200 { #expect(Self.digests(chunk: chunk) == Self.digests()) }
    }

    @Test(arguments: [0, 64, 128])
    func wholeBlocks(_ count: Int) {
        let content = Array(Self.content.prefix(count))
        let digests = Self.digests(of: content)
        #expect(digests.range == 1_000..<UInt64(1_000 + count))
        for block in Self.blocks.prefix(count / Self.size) {
            #expect(digests.match(Self.bytes(block), in: block))
        }
        #expect(!digests.match([], in: digests.range.upperBound..<digests.range.upperBound))
    }

    @Test func everyChangedByteIsNoticed() {
        let digests = Self.digests()
        for place in Self.content.indices {
            for bit in 0..<8 {
                var changed = Self.content
                changed[place] ^= 1 << bit
                for block in Self.blocks {
                    let isChanged = block.contains(Self.start + UInt64(place))
                    #expect(digests.match(Self.bytes(block, of: changed), in: block) == !isChanged)
                }
            }
        }
    }

    @Test func missingBytesAreNoticed() {
        let digests = Self.digests()
        for block in Self.blocks {
            let bytes = Self.bytes(block)
            for count in bytes.indices { #expect(!digests.match(Array(bytes[..<count]), in: block)) }
            #expect(!digests.match(bytes + [0], in: block))
        }
    }

    @Test func contentOfAnotherBlockIsNoticed() {
        let digests = Self.digests()
        for block in Self.blocks {
            for other in Self.blocks where other != block {
                #expect(!digests.match(Self.bytes(other), in: block))
            }
        }
    }

    @Test func digestsCannotBeForeseen() {
        #expect(Self.digests(seed: 1) != Self.digests(seed: 2))
        var digesters = [BlockDigester(start: 0, seed: 1), BlockDigester(start: 0, seed: 2)]
        for number in digesters.indices { digesters[number].append([1, 2, 3].span.bytes) }
        #expect(digesters[0].finish() != digesters[1].finish())
    }
}

// MARK: - The reader

extension BlockDigestsTests {
    /// Gives a content, and remembers what was asked for.
    private final class Source {
        var content = BlockDigestsTests.content
        var asked: [Range<UInt64>] = []

        func bytes(_ range: Range<UInt64>) -> [UInt8] {
            asked.append(range)
            return BlockDigestsTests.bytes(range, of: content)
        }
    }

    private func problem(_ body: () throws(DocumentError) -> Void) -> String? {
        do throws(DocumentError) {
            try body()
            return nil
        } catch {
            return error.message
        }
    }

    /// From every place to every other.
    @Test func readsEveryStretch() throws {
        let source = Source()
        let reader = BlockReader(Self.digests(), source.bytes)
        for first in 0..<200 {
            for last in (first + 1)...200 {
                var bytes: [UInt8] = []
                while first + bytes.count < last {
                    let position = Self.start + UInt64(first + bytes.count)
                    bytes += try reader.bytes(from: position, to: Self.start + UInt64(last))
                }
                guard bytes == Array(Self.content[first..<last]) else {
                    Issue.record("\(first)..<\(last) is \(bytes)")
                    return
                }
            }
        }
    }

    @Test func eachBlockIsReadOnceInOrder() throws {
        let source = Source()
        let reader = BlockReader(Self.digests(), source.bytes)
        // Byte by byte, with both ends of what is asked for in all places.
        for offset in Self.start..<(Self.start + 200) {
            #expect(
                try Array(reader.bytes(from: offset, to: offset + 1)) == [
                    Self.content[Int(offset - Self.start)]
                ]
            )
        }
        #expect(source.asked == Self.blocks)
    }

    /// Nothing of a block that was changed is handed out, not even what is as before.
    @Test func changedBlockIsNotBelieved() throws {
        for place in [0, 63, 64, 130, 191, 192, 199] {
            let source = Source()
            source.content[place] ^= 1
            let reader = BlockReader(Self.digests(), source.bytes)
            for block in Self.blocks {
                let problem = problem { () throws(DocumentError) in
                    _ = try reader.bytes(from: block.lowerBound, to: block.lowerBound + 1)
                }
                let isChanged = block.contains(Self.start + UInt64(place))
                #expect((problem != nil) == isChanged)
                if isChanged {
                    let bytes = "bytes \(block.lowerBound) to \(block.upperBound) are not what was read first"
                    #expect(problem?.contains("was changed") == true && problem?.hasSuffix(bytes) == true)
                }
            }
        }
    }

    @Test func truncatedOutputIsNotBelieved() {
        let source = Source()
        source.content.removeLast(10)
        let reader = BlockReader(Self.digests(), source.bytes)
        #expect(problem { () throws(DocumentError) in _ = try reader.bytes(from: 1_127, to: 1_200) } == nil)
        #expect(problem { () throws(DocumentError) in _ = try reader.bytes(from: 1_128, to: 1_200) } != nil)
        #expect(problem { () throws(DocumentError) in _ = try reader.bytes(from: 1_192, to: 1_200) } != nil)
    }

    @Test func blockThatIsRightAgainIsRead() throws {
        let source = Source()
        source.content[0] ^= 1
        let reader = BlockReader(Self.digests(), source.bytes)
        #expect(problem { () throws(DocumentError) in _ = try reader.bytes(from: 1_000, to: 1_200) } != nil)
        source.content[0] ^= 1
        #expect(try Array(reader.bytes(from: 1_000, to: 1_200)) == Self.bytes(Self.blocks[0]))
    }

    @Test func whatKeepsTheSourceFromReadingIsPassedOn() {
        let reader = BlockReader(Self.digests()) { _ throws(DocumentError) in throw DocumentError("no disk") }
        #expect(
            problem { () throws(DocumentError) in _ = try reader.bytes(from: 1_000, to: 1_200) } == "no disk"
        )
    }
}
