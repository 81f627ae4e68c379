import Scheduling
import Testing

@testable import AirbyteProtocol

@Suite struct NumberedNamesTests {
    @Test func theFirstOfEachNameIsRemembered() {
        var names = NumberedNames()
        var numbers: [Int: Int] = [:]
        var random = SplitMix64(seed: 1)
        for number in 1...50_000 {
            // Hashes that differ in their low, their high or all bits, many of them twice.
            let shift = [0, 8, 40].randomElement(using: &random) ?? 0
            let hash = Int.random(in: 0..<20_000, using: &random) << shift
            #expect(names.first(withHash: hash, orNote: number) == numbers[hash])
            if numbers[hash] == nil { numbers[hash] = number }
        }
        #expect(names.first(withHash: -1, orNote: 7) == nil)
        #expect(names.first(withHash: -1, orNote: 8) == 7)
    }

    /// An endless catalog costs no more memory.
    @Test func beyondTheBoundNamesAreForgotten() {
        var names = NumberedNames()
        for number in 1...NumberedNames.maxNames { _ = names.first(withHash: number, orNote: number) }
        for _ in 0..<2 { #expect(names.first(withHash: -1, orNote: 7) == nil) }
        #expect(names.first(withHash: 1, orNote: 8) == 1)
    }
}
