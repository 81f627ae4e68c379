import Containers
import Scheduling
import Testing

@Suite struct SmallMapTests {
    /// Against a dictionary, over seeded operations.
    @Test func behavesAsADictionary() {
        var map = SmallMap<Int, Int>()
        var dictionary: [Int: Int] = [:]
        var random = SplitMix64(seed: 1)
        for step in 0..<5_000 {
            let key = Int.random(in: 0..<8, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                map[key] = nil
                dictionary[key] = nil
            case 1: #expect(map.removeValue(forKey: key) == dictionary.removeValue(forKey: key))
            default:
                map[key] = step
                dictionary[key] = step
            }
            #expect(map[key] == dictionary[key])
            #expect(map.isEmpty == dictionary.isEmpty)
            #expect(map.values.sorted() == dictionary.values.sorted())
            #expect(map.entries.allSatisfy { dictionary[$0.key] == $0.value })
        }
        map.removeAll()
        #expect(map.isEmpty && map[1] == nil)
    }
}
