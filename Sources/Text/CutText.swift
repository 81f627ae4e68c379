/// The end of a text that was cut.
///
/// Whoever hides secrets in a text hides the beginning of one before each mark, too. So a text may be cut before its
/// secrets are hidden, as long as the mark stands at the cut.
package enum CutMark {
    package static let text = " …"

    /// The positions in UTF-8 at which texts were cut: before each ellipsis, and before the space that is a part of the
    /// mark.
    package static func cuts(in text: Span<UInt8>) -> [Int] {
        var cuts: [Int] = []
        var position = ByteSearch.first(0xE2, in: text)
        while position + 2 < text.count {
            // U+2026
            if text[position + 1] == 0x80, text[position + 2] == 0xA6 {
                let hasSpace = position > 0 && text[position - 1] == UInt8(ascii: " ")
                cuts.append(hasSpace ? position - 1 : position)
            }
            position = ByteSearch.first(0xE2, in: text, from: position + 1)
        }
        return cuts
    }
}

extension String {
    /// The first bytes of UTF-8, without a character that would be cut.
    package func beginning(utf8 count: Int) -> String {
        guard count < utf8.count else { return self }
        var end = utf8.index(startIndex, offsetBy: count)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }

    /// The text up to a bound in bytes of UTF-8, and the mark where there was more.
    package func cut(toUTF8 limit: Int) -> String {
        utf8.count > limit ? beginning(utf8: limit) + CutMark.text : self
    }
}

extension Span<UInt8> {
    /// How many bytes the beginning of a text in UTF-8 has that is no longer than so many, and cuts no character.
    package func beginning(_ limit: Int) -> Int {
        guard count > limit else { return count }
        var end = limit
        // No character has more than three such bytes.
        while end > 0, limit - end < 3, self[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }
}

extension Array<UInt8> {
    /// Appends a copy of the bytes.
    package mutating func append(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// The first bytes of a text in UTF-8, without a part of a character at their end.
    package func beginning(_ limit: Int) -> ArraySlice<UInt8> {
        self[..<span.beginning(limit)]
    }
}
