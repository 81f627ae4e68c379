import Testing
import Text

@Suite struct CutTextTests {
    @Test func cutsTellOfThemselves() {
        #expect("abc".cut(toUTF8: 3) == "abc")
        #expect("abcd".cut(toUTF8: 3) == "abc …")
        #expect("".cut(toUTF8: 0) == "")
    }

    @Test(arguments: ["äöü", "€€€", "😀😀", "a\u{301}b"])
    func noCharacterIsCutInTwo(_ text: String) {
        for limit in 0...text.utf8.count {
            let cut = text.cut(toUTF8: limit)
            #expect(!cut.contains("\u{FFFD}"))
            #expect(limit == text.utf8.count || cut.utf8.count <= limit + CutMark.text.utf8.count)
        }
    }

    @Test func bytesThatAreNoTextAreCutToo() {
        let bytes = [UInt8](repeating: 0x80, count: 20)
        for limit in 4...20 { #expect(bytes.beginning(limit).count >= limit - 3) }
    }

    @Test func positionsOfCutsAreFound() {
        func cuts(_ text: String) -> [Int] { CutMark.cuts(in: text.utf8.span) }
        #expect(cuts("abc …") == [3])
        #expect(cuts("abc…") == [3])
        #expect(cuts("…a …") == [0, 4])
        #expect(cuts("– “abc”") == [])
        #expect(cuts("……→… …") == [0, 3, 9, 12])
        #expect(cuts("→→→ …→") == [9])
        #expect(cuts("") == [])
    }
}
