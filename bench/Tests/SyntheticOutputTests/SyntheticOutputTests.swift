import AirbyteProtocol
import SyntheticOutput
import Testing

@Suite struct SyntheticOutputTests {
    /// One output of every kind.
    static let outputs: [SyntheticOutput] = [
        SyntheticOutput([.spec(SpecShape(.properties(40)))]),
        SyntheticOutput([.spec(SpecShape(.bytes(20_000)))]),
        SyntheticOutput([.check(succeeded: true, messageLength: 0)]),
        SyntheticOutput([.check(succeeded: false, messageLength: 100_000)]),
        SyntheticOutput([.catalog(CatalogShape(.source, .streams(30), columns: 60))]),
        SyntheticOutput([.catalog(CatalogShape(.destination, .streams(30), columns: 60))]),
        SyntheticOutput([.catalog(CatalogShape(.source, .bytes(300_000), columns: 7))]),
        SyntheticOutput([.catalog(CatalogShape(.destination, .bytes(300_000), columns: 7))]),
        SyntheticOutput([.discoverLines(DiscoverLines(bytes: 400_000, lineLength: 32_768))]),
        SyntheticOutput([.logs(LogFlood(lines: 3_000, length: 200, form: .message))]),
        SyntheticOutput([.errorTrace(stackTraceLength: 5_000), .control]),
    ]

    @Test(arguments: outputs)
    func theSameSeedGivesTheSameBytes(_ output: SyntheticOutput) {
        var other = output
        other.seed += 1
        #expect(output.bytes == output.bytes)
        #expect(output.bytes != other.bytes || output.parts == [.check(succeeded: true, messageLength: 0)])
    }

    @Test(arguments: outputs, [1_000, 4_096, 65_536])
    func howItIsCutChangesNothing(_ output: SyntheticOutput, chunkSize: Int) {
        var bytes: [UInt8] = []
        var sizes: [Int] = []
        output.write(chunkSize: chunkSize) { chunk in
            chunk.withUnsafeBytes { bytes.append(contentsOf: $0) }
            sizes.append(chunk.byteCount)
        }
        #expect(bytes == output.bytes)
        #expect(sizes.dropLast().allSatisfy { $0 == chunkSize })
        #expect((1...chunkSize).contains(sizes.last ?? 0))
    }

    @Test(arguments: outputs)
    func everyLineIsAMessage(_ output: SyntheticOutput) {
        let decoder = MessageDecoder()
        for line in output.bytes.split(separator: UInt8(ascii: "\n")) {
            guard case .message = decoder.decode(Array(line)) else {
                Issue.record("\(decoder.decode(Array(line)))")
                return
            }
        }
    }

    @Test(arguments: outputs)
    func itEndsWithANewlineAndHasNoEmptyLine(_ output: SyntheticOutput) {
        let lines = output.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        #expect(lines.last?.isEmpty == true)
        #expect(lines.dropLast().allSatisfy { !$0.isEmpty })
    }

    @Test(arguments: [2_048, 2_049, 4_999, 65_536, 1_000_003])
    func sizesAreMetExactly(bytes: Int) {
        #expect(SyntheticOutput([.catalog(CatalogShape(.source, .bytes(bytes)))]).byteCount == bytes)
        #expect(
            SyntheticOutput([.catalog(CatalogShape(.source, .bytes(bytes), columns: 0))]).byteCount == bytes
        )
        #expect(SyntheticOutput([.catalog(CatalogShape(.destination, .bytes(bytes)))]).byteCount == bytes)
        #expect(SyntheticOutput([.spec(SpecShape(.bytes(bytes)))]).byteCount == bytes)
        #expect(
            SyntheticOutput([.discoverLines(DiscoverLines(bytes: bytes, lineLength: 1_024))]).byteCount
                == bytes
        )
    }

    @Test func aKibibyteHasRoomForACatalog() {
        #expect(SyntheticOutput([.catalog(CatalogShape(.source, .bytes(1_024)))]).byteCount == 1_024)
        #expect(SyntheticOutput([.discoverLines(DiscoverLines(bytes: 1_024))]).byteCount == 1_024)
    }

    @Test func catalogsHaveStreamsAndColumnsAsAsked() throws {
        let bytes = SyntheticOutput([.catalog(CatalogShape(.source, .streams(12), columns: 34))]).bytes
        guard case .message(.catalog(.held(let catalog))) = MessageDecoder().decode(bytes) else {
            Issue.record("no catalog")
            return
        }
        let streams = try #require(catalog[member: "streams"])
        var count = 0
        for stream in streams.elements {
            let columns = stream[member: "json_schema"]?[member: "properties"]?.members
            #expect(columns.map { Array($0).count } == 34 + 2)
            count += 1
        }
        #expect(count == 12)
    }

    @Test func theParserFindsNothingToComplainAbout() {
        let bytes = SyntheticOutput([.catalog(CatalogShape(.source, .streams(50), columns: 80))]).bytes
        guard case .message(.catalog(.held(let catalog))) = MessageDecoder().decode(bytes) else {
            Issue.record("no catalog")
            return
        }
        #expect(CatalogInspection(sourceCatalog: catalog).findings.isEmpty)
    }

    @Test func partsComeInOrder() {
        let logs = SyntheticOutput.Part.logs(LogFlood(lines: 10))
        let check = SyntheticOutput.Part.check(succeeded: true, messageLength: 5)
        let bytes = SyntheticOutput([logs, check]).bytes
        #expect(bytes.starts(with: SyntheticOutput([logs]).bytes))
        #expect(bytes.count == SyntheticOutput([logs]).byteCount + SyntheticOutput([check]).byteCount)
        let last = bytes.split(separator: UInt8(ascii: "\n")).last.map(Array.init) ?? []
        guard case .message(.connectionStatus) = MessageDecoder().decode(last) else {
            Issue.record("the last line is no status")
            return
        }
    }
}
