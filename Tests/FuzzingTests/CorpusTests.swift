import Foundation
import Fuzzing
import Testing

/// Every input of the corpora, among them all that has shown a fault once, without libFuzzer.
@Suite struct CorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")

    private static func inputs(of name: String) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(
            at: folder.appending(path: name),
            includingPropertiesForKeys: nil
        ).sorted { $0.path < $1.path }
    }

    @Test(arguments: Fuzzer.all.map(\.name))
    func everyInputHolds(_ name: String) throws {
        let fuzzer = try #require(Fuzzer.named(name))
        let inputs = try Self.inputs(of: name)
        #expect(!inputs.isEmpty)
        for input in inputs {
            do {
                try fuzzer.check([UInt8](try Data(contentsOf: input)))
            } catch {
                Issue.record("\(name)/\(input.lastPathComponent): \(error)")
            }
        }
    }

    @Test func everyCorpusHasAFuzzer() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(folders.sorted() == Fuzzer.all.map(\.name).sorted())
    }

    /// They are for people and for each run: long ones belong into tests of their own.
    @Test func corporaAreSmall() throws {
        var sum = 0
        for name in Fuzzer.all.map(\.name) {
            for input in try Self.inputs(of: name) { sum += try Data(contentsOf: input).count }
        }
        #expect(sum < 1_000_000)
    }

    @Test(arguments: Fuzzer.all.map(\.name))
    func emptyAndRandomInputsHold(_ name: String) throws {
        let fuzzer = try #require(Fuzzer.named(name))
        try fuzzer.check([])
        var word: UInt64 = 7
        for length in 1...200 {
            let input = (0..<length).map { _ in
                word = word &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: word >> 56)
            }
            try fuzzer.check(input)
        }
    }
}
