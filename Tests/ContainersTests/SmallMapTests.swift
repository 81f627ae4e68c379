import Containers
import Testing

@Suite struct SmallMapTests {
    /// Against a dictionary, over seeded operations.
    @Test func behavesAsADictionary() {
        var map = SmallMap<Int, Int>()
        var dictionary: [Int: Int] = [:]
        var state: UInt64 = 1
        func next(_ bound: UInt64) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % bound)
        }
        for step in 0..<5_000 {
            let key = next(8)
            switch next(4) {
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
