import AirbyteProtocol
import ProtocolTestSupport
import Scheduling
import TestSupport
import Testing

@testable import Storage

/// Documents that are stored without being held: read in ranges, of which some are asked for again.
@Suite struct DocumentContentTests {
    private func problem(_ body: () throws(StorageFailure) -> Void) -> String? {
        do throws(StorageFailure) {
            try body()
            return nil
        } catch {
            return error.message
        }
    }

    @Test func heldBytes() throws {
        let content = try ObjectContent(OutputDocument([1, 2, 3]), source: noConnectorOutput)
        #expect(content.count == 3)
        #expect(try content.bytes(in: 1..<3) == [2, 3])
    }

    @Test(arguments: [true, false])
    func rangesInOrder(_ broken: Bool) throws {
        let output = LongOutput.spec(broken: broken)
        let expected = try output.text(of: output.jobOutput)
        for size in [100_000, 65_536, 1_000_000, 7_001] {
            let content = try ObjectContent(output.jobOutput, source: output.source)
            #expect(content.count == expected.count)
            var text: [UInt8] = []
            for start in stride(from: 0, to: content.count, by: size) {
                text += try content.bytes(in: start..<min(start + size, content.count))
            }
            #expect(text == expected, "ranges of \(size)")
        }
    }

    /// No block is read twice, but for the one pass that counts.
    @Test(arguments: [true, false])
    func rangesInOrderAreCheap(_ broken: Bool) throws {
        let output = LongOutput.spec(broken: broken)
        let content = try ObjectContent(output.jobOutput, source: output.source)
        for start in stride(from: 0, to: content.count, by: 10_000) {
            _ = try content.bytes(in: start..<min(start + 10_000, content.count))
        }
        let passes = broken ? 2 : 1
        let blocks = Set(output.asked)
        #expect(blocks.count > 1)
        #expect(output.asked.count == passes * blocks.count)
    }

    @Test func rangeAgain() throws {
        let output = LongOutput.spec(broken: true)
        let expected = try output.text(of: output.jobOutput)
        let content = try ObjectContent(output.jobOutput, source: output.source)
        for range in [0..<150_000, 150_000..<200_000, 150_000..<200_000, 0..<10, 0..<10, 0..<expected.count] {
            #expect(try content.bytes(in: range) == Array(expected[range]), "\(range)")
        }
        #expect(try content.bytes() == expected)
    }

    @Test func rangesInAnyOrder() throws {
        let output = LongOutput.spec(broken: true)
        let expected = try output.text(of: output.jobOutput)
        let content = try ObjectContent(output.jobOutput, source: output.source)
        var random = SplitMix64(seed: 11)
        for _ in 0..<40 {
            let ends = [0, 1].map { _ in Int(random.next() % UInt64(expected.count + 1)) }.sorted()
            let range = ends[0]..<ends[1]
            #expect(try content.bytes(in: range) == Array(expected[range]), "\(range)")
        }
    }

    @Test func ends() throws {
        let output = LongOutput.spec()
        let expected = try output.text(of: output.jobOutput)
        let content = try ObjectContent(output.jobOutput, source: output.source)
        let count = expected.count
        for range in [count..<count, 0..<0, (count - 1)..<count, 0..<1, 5..<5, (count - 3)..<count] {
            #expect(try content.bytes(in: range) == Array(expected[range]), "\(range)")
        }
    }

    @Test func changedOutputIsNotStored() throws {
        let output = LongOutput.spec()
        let content = try ObjectContent(output.jobOutput, source: output.source)
        output.spoil()
        #expect(problem { () throws(StorageFailure) in _ = try content.bytes(in: 0..<1_000) } == nil)
        let all = problem { () throws(StorageFailure) in _ = try content.bytes() }
        #expect(all?.contains("was changed while its result") == true)
        let end = problem { () throws(StorageFailure) in
            _ = try content.bytes(in: (content.count - 1)..<content.count)
        }
        #expect(end?.contains("was changed while its result") == true, "what lies before it is made too")
    }

    @Test func changedOutputIsNotCounted() {
        let output = LongOutput.spec(broken: true)
        output.spoil()
        let problem = problem { () throws(StorageFailure) in
            _ = try ObjectContent(output.jobOutput, source: output.source)
        }
        #expect(problem?.contains("was changed while its result") == true)
    }

    /// What a broken attempt has left half-read does no harm to the next.
    @Test func outputThatIsRightAgainIsReadFromItsBeginning() throws {
        let output = LongOutput.spec()
        let expected = try output.text(of: output.jobOutput)
        let content = try ObjectContent(output.jobOutput, source: output.source)
        output.spoil()
        #expect(problem { () throws(StorageFailure) in _ = try content.bytes() } != nil)
        output.spoil()
        #expect(try content.bytes() == expected)
    }
}
